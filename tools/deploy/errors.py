"""What stops a deployment."""


class DeployError(Exception):
    """A step cannot be done; the message says what happened and what the reader can do."""
