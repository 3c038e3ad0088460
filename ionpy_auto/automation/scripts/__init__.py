"""Scripts: free code of a project, run in a sandbox of its own process.

`store` keeps the files, `sandbox` checks and drives the interpreter, `api` is all a script may do,
`manager` starts, stops and remembers runs.
"""
