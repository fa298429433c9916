"""Supabase's management API as far as a deployment needs it, on loopback, for the real Supabase CLI to talk to.

Nothing of a hosted project can run here, so this stands in for the platform alone: which paths there are, what they
take and the form of their answers, as the CLI 3.1.0 asks and checks them. SQL goes to a real PostgreSQL.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row

PROJECT = "abcdefghijklmnopqrst"
TOKEN = f"sbp_{'0123456789' * 4}"
MADE_AT = "2026-01-01T00:00:00Z"

# The names of all settings of the auth service: the CLI wants every one of them in an answer.
_AUTH_SETTINGS = """
{} api_max_request_duration audit_log_disable_postgres custom_oauth_enabled custom_oauth_max_providers
{} db_max_pool_size db_max_pool_size_unit disable_signup index_worker_ensure_user_search_indexes_exist jwt_exp
{} refresh_token_rotation_enabled saml_allow_encrypted_assertions saml_enabled saml_external_url site_url
{} uri_allow_list passkey_enabled
external_{} anonymous_users_enabled apple_additional_client_ids azure_url email_enabled gitlab_url
external_{} google_additional_client_ids google_skip_nonce_check keycloak_url phone_enabled web3_ethereum_enabled
external_{} web3_solana_enabled workos_client_id workos_enabled workos_secret workos_url
hook_{}_enabled after_user_created before_user_created custom_access_token mfa_verification_attempt
hook_{}_enabled password_verification_attempt send_email send_sms
hook_{}_uri after_user_created before_user_created custom_access_token mfa_verification_attempt
hook_{}_uri password_verification_attempt send_email send_sms
hook_{}_secrets after_user_created before_user_created custom_access_token mfa_verification_attempt
hook_{}_secrets password_verification_attempt send_email send_sms
mailer_{} allow_unverified_email_sign_ins autoconfirm otp_exp otp_length secure_email_change_enabled
mailer_notifications_{}_enabled email_changed identity_linked identity_unlinked mfa_factor_enrolled
mailer_notifications_{}_enabled mfa_factor_unenrolled password_changed phone_changed
mfa_{} allow_low_aal max_enrolled_factors phone_enroll_enabled phone_max_frequency phone_otp_length phone_template
mfa_{} phone_verify_enabled totp_enroll_enabled totp_verify_enabled web_authn_enroll_enabled web_authn_verify_enabled
nimbus_oauth_{} client_id client_secret email_optional
oauth_server_{} allow_dynamic_registration authorization_path enabled
password_{} hibp_enabled min_length required_characters
rate_limit_{} anonymous_users email_sent otp sms_sent token_refresh verify web3
security_{} captcha_enabled captcha_provider captcha_secret manual_linking_enabled refresh_token_reuse_interval
security_{} sb_forwarded_for_enabled update_password_require_current_password
security_{} update_password_require_reauthentication
sessions_{} inactivity_timeout single_per_user tags timebox
sms_{} autoconfirm max_frequency messagebird_access_key messagebird_originator otp_exp otp_length provider template
sms_{} test_otp test_otp_valid_until textlocal_api_key textlocal_sender twilio_account_sid twilio_auth_token
sms_{} twilio_content_sid twilio_message_service_sid twilio_verify_account_sid twilio_verify_auth_token
sms_{} twilio_verify_message_service_sid vonage_api_key vonage_api_secret vonage_from
smtp_{} admin_email host max_frequency pass port sender_name user
webauthn_{} rp_display_name rp_id rp_origins
"""
_NEVER_NULL = (
    "custom_oauth_enabled",
    "oauth_server_allow_dynamic_registration",
    "oauth_server_enabled",
    "passkey_enabled",
)
_PROVIDERS = (
    "apple azure bitbucket discord facebook figma github gitlab google kakao keycloak linkedin_oidc notion slack"
    " slack_oidc spotify twitch twitter x zoom"
)
_MAILS = "confirmation email_change invite magic_link reauthentication recovery"
_NOTIFICATIONS = (
    "password_changed email_changed phone_changed mfa_factor_enrolled mfa_factor_unenrolled identity_linked"
    " identity_unlinked"
)


def auth_settings() -> dict[str, Any]:
    """A new project's settings of the auth service; what matters to nobody is null."""
    names = []
    for line in _AUTH_SETTINGS.strip().splitlines():
        form, *words = line.split()
        names += [form.format(word) for word in words]
    for provider in _PROVIDERS.split():
        names += [f"external_{provider}_{what}" for what in ("client_id", "email_optional", "enabled", "secret")]
    for mail in [*_MAILS.split(), *(f"{name}_notification" for name in _NOTIFICATIONS.split())]:
        names += [f"mailer_subjects_{mail}", f"mailer_templates_{mail}_content"]
    return {
        **dict.fromkeys(names),
        **dict.fromkeys(_NEVER_NULL, False),
        **{"custom_oauth_max_providers": 0, "mailer_otp_exp": 3600, "mfa_phone_otp_length": 6, "sms_otp_length": 6},
        **{"site_url": "http://localhost:3000", "uri_allow_list": "", "jwt_exp": 3600},
    }


@dataclass
class ManagementApi:
    """One account with one project, kept in memory.

    Attributes:
        database_url: where the project's SQL goes.
        publishable_key: the project's.
        status: of the project, as the platform names it.
        refuse: answers every request with this status and message instead.
        on_deploy: called when a function has been uploaded.
        log: method and path of every request, in order.
    """

    database_url: str = ""
    publishable_key: str = "sb_publishable_test"
    status: str = "ACTIVE_HEALTHY"
    refuse: tuple[int, str] | None = None
    on_deploy: Callable[[], None] = lambda: None
    url: str = ""
    log: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: list[bytes] = field(default_factory=list)
    auth: dict[str, Any] = field(default_factory=auth_settings)

    def answer(self, method: str, path: str, query: str, body: bytes, authorization: str) -> tuple[int, Any]:
        """Status and JSON for a request."""
        self.log.append(f"{method} {path}")
        if self.refuse is not None:
            return self.refuse[0], {"message": self.refuse[1]}
        if authorization != f"Bearer {TOKEN}":
            return 401, {"message": "Unauthorized"}
        if path == "/v1/projects":
            return 200, [self._project()]
        match = re.fullmatch(rf"/v(\d)/projects/{PROJECT}(/.*)?", path)
        if match is None:
            return 404, {"message": "Not Found"}
        return self._answer_of_project(method, f"{match[2] or ''}", query, body)

    def changes(self) -> list[str]:
        """The requests that changed something."""
        return [line for line in self.log if not line.startswith("GET ") and not line.endswith("/database/query")]

    def _answer_of_project(self, method: str, path: str, query: str, body: bytes) -> tuple[int, Any]:
        match method, path:
            case "GET", "":
                return 200, self._project()
            case "GET", "/api-keys":
                kinds = (("publishable", self.publishable_key), ("secret", "sb_secret_masked"))
                return 200, [{"id": kind, "name": "default", "type": kind, "api_key": key} for kind, key in kinds]
            case "GET", "/billing/addons":
                return 200, {"selected_addons": [], "available_addons": []}
            case "GET", "/config":
                return 200, {"data": {"type": "project_config", "id": PROJECT, "attributes": {"auth": self.auth}}}
            case "PATCH", "/config/auth":
                self.auth.update(json.loads(body))
                return 200, self.auth
            case "GET", "/secrets":
                digests = {name: hashlib.sha256(value.encode()).hexdigest() for name, value in self.secrets.items()}
                return 200, [{"name": name, "value": digest} for name, digest in digests.items()]
            case "POST", "/secrets":
                self.secrets.update({item["name"]: item["value"] for item in json.loads(body)})
                return 201, None
            case "GET", "/functions":
                return 200, list(self.functions.values())
            case "POST", "/functions/deploy":
                return 201, self._deploy(query.removeprefix("slug="), body)
            case "POST", "/database/query":
                return self._query(json.loads(body)["query"])
        return 404, {"message": "Not Found"}

    def _project(self) -> dict[str, Any]:
        database = {"host": "db", "version": "17.6.1.111", "postgres_engine": "17", "release_channel": "ga"}
        return {
            "id": PROJECT,
            "ref": PROJECT,
            "name": "hangar",
            "organization_id": "club",
            "organization_slug": "club",
            "region": "eu-central-1",
            "created_at": MADE_AT,
            "status": self.status,
            "database": database,
        }

    def _deploy(self, slug: str, body: bytes) -> dict[str, Any]:
        self.uploads.append(body)
        (metadata,) = re.findall(rb'name="metadata"\r\n(?:[^\r]+\r\n)*\r\n(.*?)\r\n--', body, re.DOTALL)
        version = self.functions.get(slug, {"version": 0})["version"] + 1
        self.functions[slug] = {
            "id": slug,
            "slug": slug,
            "name": slug,
            "status": "ACTIVE",
            "version": version,
            "created_at": 1_767_225_600_000,
            "updated_at": 1_767_225_600_000,
            "verify_jwt": json.loads(metadata)["verify_jwt"],
            "import_map": True,
            "entrypoint_path": "index.ts",
            "import_map_path": "deno.json",
            "ezbr_sha256": hashlib.sha256(body).hexdigest(),
        }
        self.on_deploy()
        return self.functions[slug]

    def _query(self, statement: str) -> tuple[int, Any]:
        try:
            with psycopg.connect(self.database_url, autocommit=True, row_factory=dict_row) as connection:
                cursor = connection.execute(statement.encode())
                return 201, cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            return 400, {"message": str(error)}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _go(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path, _, query = self.path.partition("?")
        api = cast("_Server", self.server).api
        status, answer = api.answer(self.command, path, query, body, self.headers.get("authorization", ""))
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = _go

    def log_message(self, *arguments: object) -> None:
        """Says nothing: the API keeps its own log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: ManagementApi


@contextmanager
def serve(api: ManagementApi) -> Iterator[ManagementApi]:
    """The API on a free port of 127.0.0.1."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.api = api
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield api
        server.shutdown()
        thread.join()


def environment(folder: Path, api_url: str, token: str = TOKEN) -> dict[str, str]:
    """What makes the CLI talk to the API at this address, with nothing of the user's own account."""
    profile = folder / "profile.json"
    addresses = {"api_url": api_url, "dashboard_url": api_url}
    profile.write_text(json.dumps({"name": "test", "project_host": "localhost", **addresses}))
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "SUPABASE_API_MAX_RETRIES": "0",
        "SUPABASE_ACCESS_TOKEN": token,
        "SUPABASE_NO_KEYRING": "1",
        "SUPABASE_PROFILE": str(profile),
    }
