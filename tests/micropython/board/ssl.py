"""TLS: not spoken by the VM."""


def create_default_context():
    return None
