"""Says things to an echo over WebSocket, and expects to hear them; or waits for its end."""

import argparse
import asyncio
import ssl
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def converse(socket):
    for message in ["Hello, Wörld", "", b"", bytes(range(256)), "💩" * 100_000, b"x" * (4 << 20)]:
        await socket.send(message)
        assert await socket.recv() == message, f"{len(message)} came back otherwise"
    await socket.send(["in ", "three ", "parts"])
    assert await socket.recv() == "in three parts"
    for number in range(1000):
        await socket.send(str(number))
    for number in range(1000):
        assert await socket.recv() == str(number)
    await asyncio.wait_for(await socket.ping(b"?"), 10)
    began = time.monotonic()
    await socket.close(4321, "done")
    assert (socket.close_code, socket.close_reason) == (4321, ""), socket.close_code
    # The client would wait ten seconds for a server that does not hang up.
    assert time.monotonic() - began < 5, "the server did not hang up"
    print("all said")


async def wait_for_end(socket):
    print("open", flush=True)
    try:
        await socket.recv()
    except ConnectionClosed as closed:
        print("closed with", closed.rcvd.code if closed.rcvd else 1006)


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("--trust", help="the certificates to trust, for wss")
    arguments.add_argument("--until-close", action="store_true")
    given = arguments.parse_args()
    context = ssl.create_default_context(cafile=given.trust) if given.trust else None
    async with connect(given.url, ssl=context, max_size=None) as socket:
        await (wait_for_end if given.until_close else converse)(socket)


asyncio.run(main())
