"""Sends a note with one of Python's libraries: `libraries.py LIBRARY URL NOTE`."""

from __future__ import annotations

import asyncio
import sys


def with_requests(url: str, note: str) -> int:
    import requests

    return requests.post(url, data=note, headers={"X-Note": note}, timeout=30).status_code


def with_httpx(url: str, note: str) -> int:
    import httpx

    with httpx.Client(http2=True, timeout=30) as client:
        return client.post(url, content=note, headers={"X-Note": note}).status_code


def with_urllib3(url: str, note: str) -> int:
    import urllib3

    return urllib3.PoolManager().request("POST", url, body=note, headers={"X-Note": note}, timeout=30).status


def with_aiohttp(url: str, note: str) -> int:
    import aiohttp

    async def post() -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=note, headers={"X-Note": note}) as answer,
        ):
            return answer.status

    return asyncio.run(post())


def main() -> None:
    library, url, note = sys.argv[1:]
    print(globals()[f"with_{library}"](url, note))


if __name__ == "__main__":
    main()
