"""The guard process: a second, small leg that switches outputs off when the server dies or hangs.

The server's side is `client.Guard`. The other side is a process of its own (`process`, started with
``python -m ionpy_auto.devices.guarding.process``): it knows the devices and which outputs this
installation has on, holds no port while the server lives, and acts only after the server is
certainly gone. `protocol` is what the two say to each other.
"""
