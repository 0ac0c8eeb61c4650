"""The rest of the web: addresses, connectivity checks, style sheets, scripts, pictures, pages.

The last rows take everything, so that no request is left without an answer.
"""

from __future__ import annotations

import base64
import re

from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Request
from auditor.internet.services.contract import Service
from auditor.internet.services.contract import always
from auditor.internet.services.contract import as_json
from auditor.internet.services.contract import as_text

PUBLIC_IP = "203.0.113.57"
"""From TEST-NET-3 (RFC 5737): no program can reach it, every program can parse it."""
WHERE = {
    "ip": PUBLIC_IP, "query": PUBLIC_IP, "origin": PUBLIC_IP, "status": "success", "hostname": "",
    "city": "Frankfurt am Main", "region": "Hesse", "country": "DE", "countryCode": "DE",
    "loc": "50.1155,8.6842", "org": "AS64500 Example Networks", "timezone": "Europe/Berlin",
}  # fmt: skip
IP_HOSTS = (
    "checkip.*", "api.ipify.org", "api64.ipify.org", "api6.ipify.org", "ifconfig.*", "icanhazip.com",
    "*.icanhazip.com", "ipinfo.io", "ip-api.com", "ipapi.co", "ident.me", "*.ident.me", "ipecho.net",
    "myexternalip.com", "wtfismyip.com", "ip.seeip.org", "api.my-ip.io", "whatismyip.*",
)  # fmt: skip
CONNECTIVITY_HOSTS = (
    "connectivitycheck.*", "www.gstatic.com", "clients1.google.com", "clients3.google.com",
    "captive.apple.com", "detectportal.firefox.com", "www.msftconnecttest.com", "network-test.*",
    "connectivity-check.*", "nmcheck.gnome.org", "cp.cloudflare.com",
)  # fmt: skip
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
"""One transparent pixel."""
PAGE = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Welcome</title><body></body></html>'


def public_ip(request: Request) -> Reply:
    """The address of the box as the world would see it."""
    wants_json = "json" in request.accept + request.path or request.parameter("format") == "json"
    bare = re.fullmatch(r"(checkip|ident|.*icanhazip|ifconfig|api6?4?\.ipify)\..*", request.host)
    return as_json(WHERE) if wants_json or not bare else as_text(PUBLIC_IP + "\n")


def script(request: Request) -> Reply:
    """An empty script or module."""
    return as_text(
        "export {};\n" if request.path.endswith(".mjs") else "\n", "text/javascript; charset=utf-8"
    )


def page(request: Request) -> Reply:
    """Whatever the client says it understands best."""
    accept = request.accept
    if "html" in accept:
        return as_text(PAGE, "text/html; charset=utf-8")
    if accept.startswith("image/"):
        return Reply(headers=(("Content-Type", "image/png"),), body=PNG)
    if accept.startswith("text/css"):
        return as_text("\n", "text/css; charset=utf-8")
    if accept.startswith("text/plain"):
        return as_text("ok\n")
    return as_json({})


WEB = (
    # A 200 from here made a program believe that it ran in a cloud.
    Service(name="cloud-metadata", hosts=("169.254.169.254", "metadata.google.internal", "fd00:ec2::254"),
            reply=always(as_text("404 - Not Found\n", status=404))),
    Service(name="public-ip", hosts=IP_HOSTS, methods=("GET", "HEAD"), reply=public_ip),
    Service(name="connectivity-check", hosts=CONNECTIVITY_HOSTS, methods=("GET", "HEAD"),
            path=r"/(generate_204|gen_204|hotspot-detect\.html|success\.txt|connecttest\.txt|check.*)?",
            reply=always(Reply(status=204))),
    Service(name="connectivity-check", path=r"/(generate_204|gen_204)", reply=always(Reply(status=204))),
    Service(name="fonts-css", hosts=("fonts.googleapis.com", "fonts.bunny.net"),
            reply=always(as_text("/* latin */\n", "text/css; charset=utf-8"))),
    Service(name="font", path=r".*\.(woff2?|ttf|otf)", reply=always(Reply(status=404))),
    Service(name="css", path=r".*\.css", reply=always(as_text("\n", "text/css; charset=utf-8"))),
    Service(name="script", path=r".*\.m?js", reply=script),
    Service(name="image", path=r".*\.(png|gif|jpe?g|webp|ico)",
            reply=always(Reply(headers=(("Content-Type", "image/png"),), body=PNG))),
    Service(name="image", path=r".*\.svg",
            reply=always(as_text('<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"))),
    Service(name="robots", path=r"/robots\.txt", reply=always(as_text("User-agent: *\nDisallow:\n"))),
    Service(name="archive", methods=("GET", "HEAD"),
            path=r".*\.(zip|tar\.gz|tgz|tar|xz|exe|dmg|AppImage|deb|whl|gguf|onnx|safetensors)",
            reply=always(as_text("Not Found\n", status=404))),
    Service(name="default", reply=page),
)  # fmt: skip
