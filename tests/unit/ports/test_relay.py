from __future__ import annotations

import socket
import threading

import pytest

from lockgate.ports.relay import fetch


@pytest.mark.parametrize("said", [b"what?\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf"])
def test_an_answer_that_http_does_not_know_is_none(said: bytes) -> None:
    def serve() -> None:
        for _ in range(3):
            connection, _address = server.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(OSError, match="none that HTTP knows"):
            fetch(f"http://127.0.0.1:{server.getsockname()[1]}/", 10)
        thread.join()
