"""A project of its own for the tests of the stack: they say how it works, whatever the product's tables are."""

from pathlib import Path
from typing import Any, TypeAlias

NOTES_MIGRATION = """
create table public.notes (
  id bigint primary key generated always as identity,
  author uuid not null default auth.uid(),
  text text not null,
  written_at timestamptz not null default now()
);
create table public.secrets (id bigint primary key);
alter table public.notes enable row level security;
alter table public.secrets enable row level security;
grant select, insert (text) on public.notes to authenticated;
grant select, insert on public.notes to service_role;
create policy "Authors read their notes" on public.notes for select to authenticated
  using (author = (select auth.uid()));
create policy "Authors write their notes" on public.notes for insert to authenticated
  with check (author = (select auth.uid()));
"""
ECHO_FUNCTION = """
export default {
  fetch: async (request: Request): Promise<Response> => {
    const body = await request.text();
    if (body === "fail") throw new Error("as asked");
    return Response.json({
      path: new URL(request.url).pathname,
      bytes: body.length,
      url: Deno.env.get("SUPABASE_URL"),
      token: Deno.env.get("INGEST_ACCESS_TOKEN") ?? null,
    });
  },
};
"""
Project: TypeAlias = dict[str, Any]


def make_project(folder: Path) -> Project:
    """Write a small project below the folder: the stack's options for it."""
    migrations = folder / "migrations"
    migrations.mkdir()
    (migrations / "20260101000000_notes.sql").write_text(NOTES_MIGRATION)
    function = folder / "index.ts"
    function.write_text(ECHO_FUNCTION)
    return {"migrations": migrations, "function": function}
