"""``python -m tests.lab.kubelet_alike ADDRESS``: tells on port 10250 who asks, to whom the cluster's CA knows."""

from __future__ import annotations

import socketserver
import ssl
import sys
from http.server import BaseHTTPRequestHandler
from typing import cast


class Handler(BaseHTTPRequestHandler):
    """Tells the caller its own name."""

    def do_GET(self) -> None:
        subject = (cast("ssl.SSLSocket", self.connection).getpeercert() or {})["subject"]
        body = str(subject).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile="/run/authority.pem")
    context.load_cert_chain("/run/serving.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    # Not HTTPServer, which asks DNS for its own name first.
    server = socketserver.TCPServer((sys.argv[1], 10250), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
