"""What Python does first when this folder is on its path: the way to every Service Bus namespace becomes the way to the
broker of a test, at JOBQ_TEST_BROKER, whose certificate JOBQ_TEST_BROKER_CERTIFICATE is trusted.

Only name and port are replaced; what the programs say to a namespace, they say to the broker, through TLS.
"""

import os
import socket

SUFFIX = ".servicebus.windows.net"


def lead_to_broker(host, port):
    ask = socket.getaddrinfo

    def getaddrinfo(name, *args, **options):
        text = name.decode() if isinstance(name, bytes) else name
        if not text or not text.endswith(SUFFIX):
            return ask(name, *args, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]

    socket.getaddrinfo = getaddrinfo


def trust(certificate):
    # Read by the module ssl, with which HTTP goes.
    os.environ["SSL_CERT_FILE"] = certificate
    try:
        import certifi
    except ImportError:
        return  # A Python of a job, which has nothing to do with Azure.
    # AMQP has its own list.
    certifi.where = lambda: certificate


if "JOBQ_TEST_BROKER" in os.environ:
    host, port = os.environ["JOBQ_TEST_BROKER"].split(":")
    lead_to_broker(host, int(port))
    trust(os.environ["JOBQ_TEST_BROKER_CERTIFICATE"])
