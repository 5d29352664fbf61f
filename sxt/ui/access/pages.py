"""The few pages outside the dashboard: login, account, refusals. Plain HTML that asks nothing of any other host."""

import base64
import hashlib
from html import escape
from urllib.parse import quote, urlencode

from sxt.ui.access.oidc import DEFAULT_PROVIDER, LOGOUT_PATH

STYLE = """
:root { color-scheme: dark light; --back: #15171a; --card: #1e2125; --line: #34383e; --text: #e6e8eb; --soft: #9aa0a6;
  --accent: #56B4E9; --error: #ff8a5c; }
@media (prefers-color-scheme: light) { :root { --back: #f4f5f6; --card: #ffffff; --line: #d4d7db; --text: #1c1f23;
  --soft: #5c636b; --accent: #0072B2; --error: #b34400; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
main { width: min(26rem, calc(100vw - 2rem)); background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: 1.75rem; overflow-wrap: anywhere; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; }
p { margin: 0 0 1rem; color: var(--soft); }
p.error { color: var(--error); }
label { display: block; margin: 0 0 1rem; }
input { width: 100%; margin-top: .25rem; padding: .55rem .7rem; font: inherit; color: inherit; background: var(--back);
  border: 1px solid var(--line); border-radius: 6px; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
button, a.button { display: block; width: 100%; padding: .6rem; font: inherit; font-weight: 600; text-align: center;
  text-decoration: none; color: #101214; background: #56B4E9; border: 0; border-radius: 6px; cursor: pointer; }
button.quiet, a.quiet { background: none; color: var(--soft); border: 1px solid var(--line); font-weight: 400; }
form + form, form + a, a + form, a + a { margin-top: 1rem; }
"""


def _hash_of(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_hash_of(STYLE)}'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The Content-Security-Policy of these pages: no scripts, and no style but their own."""

PAGE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # without any, browsers hide where a form comes from, and it is refused
    "X-Content-Type-Options": "nosniff",
}


def login_page(
    *,
    base_path: str,
    next_path: str,
    has_token: bool,
    providers: tuple[str, ...],
    error: str = "",
    name: str = "",
) -> str:
    """Return the page that asks for a token or sends to a login provider.

    Parameters
    ----------
    base_path : str
        Prefix of the server's addresses, without a slash at the end.
    next_path : str
        Where to go afterwards.
    has_token : bool
        Whether a token lets in.
    providers : tuple of str
        Names of the login providers.
    error : str
        Why the last try failed.
    name : str
        The name typed earlier.
    """
    parts = [f'<p class="error" role="alert">{escape(error)}</p>'] if error else []
    for provider in providers:
        label = "Log in" if provider == DEFAULT_PROVIDER else f"Log in with {provider.capitalize()}"
        target = f"{base_path}/login/{quote(provider, safe='')}?{urlencode({'next': next_path})}"
        parts.append(f'<a class="button" href="{escape(target)}">{escape(label)}</a>')
    if has_token:
        parts.append(
            f'<form method="post" action="{escape(base_path)}/login">{_hidden(next_path)}'
            '<label>Access token <input name="token" type="password" required autofocus '
            'autocomplete="current-password"></label>'
            '<label>Your name, for the record of who did what (optional) <input name="name" maxlength="80" '
            f'autocomplete="name" value="{escape(name)}"></label>'
            "<button>Log in</button></form>"
        )
        hint = "The token stands in the terminal where the server was started."
    else:
        hint = "This dashboard is for members of the lab."
    return _page("Log in", f"<h1>sxt</h1><p>{hint}</p>{''.join(parts)}")


def account_page(*, base_path: str, user: str, typed: str, is_named_by_login: bool, has_token: bool) -> str:
    """Return the page on which people see and change under which name their work is recorded.

    Parameters
    ----------
    base_path : str
    user, typed : str
        The name that is recorded, and what was typed for it.
    is_named_by_login : bool
        Whether a login provider says the name, so that none can be typed.
    has_token : bool
        Whether the user came in by a token.
    """
    base = escape(base_path)
    parts = [f"<h1>Account</h1><p>What you do is recorded under the name “{escape(user)}”.</p>"]
    if not is_named_by_login:
        parts.append(
            f'<form method="post" action="{base}/account">'
            f'<label>Your name <input name="name" maxlength="80" autocomplete="name" value="{escape(typed)}"></label>'
            "<button>Save name</button></form>"
        )
    if is_named_by_login:
        parts.append(_logout_link(base_path))
    elif has_token:
        parts.append(
            f'<form method="post" action="{base}/logout"><button class="quiet">Log out</button></form>'
        )
    parts.append(f'<a class="button quiet" href="{base}/">Back to the dashboard</a>')
    return _page("Account", "".join(parts))


def not_listed_page(base_path: str) -> str:
    """Return the page for those who logged in but are not on the list."""
    sentence = "Your account is not on the list of those who may use this dashboard; ask whoever runs it."
    return _page("No access", f"<h1>No access</h1><p>{sentence}</p>{_logout_link(base_path)}")


def _logout_link(base_path: str) -> str:
    """Return a link, for it may lead on to the provider, where a form of these pages must not go."""
    return f'<a class="button quiet" href="{escape(base_path)}{LOGOUT_PATH}">Log out</a>'


def _hidden(next_path: str) -> str:
    return f'<input type="hidden" name="next" value="{escape(next_path)}">'


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)} · sxt</title>'
        f"<style>{STYLE}</style></head><body><main>{content}</main></body></html>"
    )
