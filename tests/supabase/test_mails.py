"""The e-mails of a project: whoever gets one knows what it is about without having asked for it."""

import json
import re
import tomllib
from typing import Any

import pytest

from tools.stack.stack import REPOSITORY

AUTH: dict[str, Any] = tomllib.loads((REPOSITORY / "supabase/config.toml").read_text(encoding="utf-8"))["auth"]["email"]
MANIFEST = REPOSITORY / "site_sym/public/manifest.webmanifest"


@pytest.mark.parametrize("mail", AUTH["template"])
def test_a_mail_says_what_it_is_about(mail: str) -> None:
    """Product, who asked, what happens if it is ignored, and when its link expires, for people who know nothing yet."""
    product = json.loads(MANIFEST.read_text(encoding="utf-8"))["name"]
    template = AUTH["template"][mail]

    body = (REPOSITORY / template["content_path"]).read_text(encoding="utf-8")

    assert template["subject"].startswith(f"{product}: ")
    assert f"at {product}, which keeps the hours of your planes" in body
    assert "Someone, probably you" in body
    assert re.search(r"If it was not you, ignore this e-mail: \w+", body)
    assert AUTH["otp_expiry"] == 3600
    assert re.search(r"expires? after one hour", body)
    # The first link is the one that counts, and no other leads elsewhere.
    assert ["{{ .RedirectTo }}#/confirm"] == re.findall(r'href="([^"?]+)', body)


def test_the_product_has_one_name() -> None:
    """The tab, the installed page and the page itself."""
    product = json.loads(MANIFEST.read_text(encoding="utf-8"))["name"]

    assert f"<title>{product}</title>" in (REPOSITORY / "site_sym/index.html").read_text(encoding="utf-8")
    assert f'product: "{product}"' in (REPOSITORY / "site_sym/src/ui/texts.ts").read_text(encoding="utf-8")
