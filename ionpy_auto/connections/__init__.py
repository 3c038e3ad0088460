"""Shared endpoints with many points: brokers and their like, one file per kind."""

from ionpy_auto.connections.config import ConnectionConfig
from ionpy_auto.connections.manager import ConnectionManager
from ionpy_auto.connections.messages import Message, Publication, Wish

__all__ = ["ConnectionConfig", "ConnectionManager", "Message", "Publication", "Wish"]
