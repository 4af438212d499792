"""A loopback server that stands for every provider: it knows one live credential and answers as each of them would."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Providers:
    """``answer(status, body)`` is what comes next and from then on; ``requests`` is all that was asked."""

    def __init__(self):
        self.requests = []
        self.reply = (200, b"{}")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def respond(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.requests.append((self.command, self.path, dict(self.headers), body))
                status, answer = outer.reply
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = respond

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def answer(self, status, body=b"{}"):
        self.reply = (status, body)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
