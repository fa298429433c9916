-- Imports: a file of entries that came in at once, and can go again at once.

create table public.import_batches (
  batch_id uuid primary key,
  fleet_id uuid not null references public.fleets on delete cascade,
  name text not null constraint import_name_length check (name = btrim(name) and char_length(name) between 1 and 120),
  file_name text constraint import_file_name_length check (char_length(file_name) <= 255),
  mapping jsonb not null constraint import_mapping_size check (octet_length(mapping::text) <= 8192),
  row_count integer not null,
  author_id uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default private.clock(),
  reverted_at timestamptz,
  reverted_by uuid references auth.users (id) on delete set null,
  unique (fleet_id, batch_id)
);
create index import_batches_by_fleet on public.import_batches (fleet_id, created_at desc, batch_id desc);
create index import_batches_by_author on public.import_batches (author_id);
create index import_batches_by_reverter on public.import_batches (reverted_by);
comment on table public.import_batches is 'Each import of entries by hand: what it was, who did it, and whether it was reverted. Its entries are annotations with its batch_id.';
comment on column public.import_batches.batch_id is 'Identity of the import, made by who imports: the same one again imports nothing twice.';
comment on column public.import_batches.fleet_id is 'The fleet whose planes it is about.';
comment on column public.import_batches.name is 'What people call it.';
comment on column public.import_batches.file_name is 'Name of the file that was read; null: not said.';
comment on column public.import_batches.mapping is 'How the file was read, as the page keeps it: which column is what, and how times are written.';
comment on column public.import_batches.row_count is 'Entries that it brought.';
comment on column public.import_batches.author_id is 'Who imported it; null for a former member.';
comment on column public.import_batches.created_at is 'When it was imported (server time).';
comment on column public.import_batches.reverted_at is 'When what it brought was deleted again; null: it was not.';
comment on column public.import_batches.reverted_by is 'Who did that; null for a former member.';

create function private.tidy_import_batch() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.name := coalesce(btrim(new.name), '');
  new.file_name := nullif(btrim(new.file_name), '');
  return new;
end $$;
comment on function private.tidy_import_batch() is 'Trims what was typed.';
create trigger tidy_import_batch before insert or update on public.import_batches
  for each row execute function private.tidy_import_batch();

create trigger take_turns before insert or update or delete on public.import_batches
  for each statement execute function private.take_turns();

alter table public.import_batches enable row level security;
grant select, update (name) on public.import_batches to authenticated;
create policy "Members see the imports of their fleets" on public.import_batches for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Editors rename imports" on public.import_batches for update to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
