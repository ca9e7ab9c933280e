"""`/setup/{token}`: a plain page on which the first admin is made."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from tradsy.domain.errors import Invalid, Limited, Unavailable
from tradsy.identity import setup
from tradsy.identity.errors import CrossSiteRequest, EmailTaken, LinkInvalid, UnsupportedMediaType, WeakPassword
from tradsy.identity.schemas import SetupCreate, UserRead, to_user_read
from tradsy.identity.web_context import OPEN, OWN_PAGE, ContextDep, set_device_cookie, set_session_cookie
from tradsy.platform.web import problem_responses

router = APIRouter(prefix="/setup", tags=["setup"])

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tradsy: first admin</title>
<link rel="stylesheet" href="/setup/assets/setup.css">
<script src="/setup/assets/setup.js" defer></script>
</head>
<body>
<main>
<h1>Welcome to Tradsy</h1>
<p>Make the first admin of this installation. The link works once.</p>
<form id="setup">
<label>E-mail <input name="email" type="email" autocomplete="username" required maxlength="254"></label>
<label>Name <input name="display_name" autocomplete="name" maxlength="80"></label>
<label>Password <input name="password" type="password" autocomplete="new-password" required minlength="8"></label>
<button>Create admin</button>
<p id="message" role="status" aria-live="polite"></p>
</form>
</main>
</body>
</html>
"""
_STYLE = """:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 26rem; margin: 10vh auto; padding: 0 1rem; }
label { display: block; margin: 1rem 0; }
input { display: block; width: 100%; padding: .5rem; font: inherit; box-sizing: border-box; }
button { padding: .6rem 1.2rem; font: inherit; cursor: pointer; }
"""
_SCRIPT = """const form = document.getElementById("setup");
const message = document.getElementById("message");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  message.textContent = "One moment ...";
  try {
    const answer = await fetch(location.pathname, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Requested-With": "tradsy" },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
    const body = await answer.json();
    if (answer.ok) {
      form.replaceChildren(message);
      message.textContent = "Done: you are signed in.";
      location.replace("/app/");
    } else {
      message.textContent = body.detail;
    }
  } catch {
    message.textContent = "Tradsy did not answer: try again.";
  }
});
"""


@router.get("/assets/setup.js", include_in_schema=False)
async def get_script() -> Response:
    """Return the page's script; inline scripts are forbidden by policy."""
    return Response(_SCRIPT, media_type="text/javascript")


@router.get("/assets/setup.css", include_in_schema=False)
async def get_style() -> Response:
    """Return the page's style."""
    return Response(_STYLE, media_type="text/css")


@router.get(
    "/{token}",
    response_class=HTMLResponse,
    openapi_extra=OPEN,
    responses=problem_responses(LinkInvalid, Limited),
)
async def get_setup(token: str, context: ContextDep) -> HTMLResponse:
    """Show the form while the link works."""
    await setup.check_setup_link(context, token)
    return HTMLResponse(_PAGE)


@router.post(
    "/{token}",
    status_code=201,
    dependencies=[OWN_PAGE],
    openapi_extra=OPEN,
    responses=problem_responses(
        LinkInvalid, Invalid, WeakPassword, EmailTaken, CrossSiteRequest, UnsupportedMediaType, Limited, Unavailable
    ),
)
async def post_setup(token: str, body: SetupCreate, context: ContextDep, response: Response) -> UserRead:
    """Make the first admin and sign the browser in."""
    user, _, cookie = await setup.create_first_admin(
        context, token, body.email, body.password.get_secret_value(), body.display_name
    )
    set_session_cookie(response, context, cookie)
    set_device_cookie(response, context, user.email)
    return to_user_read(user)
