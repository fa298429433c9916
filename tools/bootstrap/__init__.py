"""Makes the checkout ready to run with nothing but Python's standard library, then hands over to `tools.cli`.

What it makes, all inside the checkout:

- `.venv`: the Python packages of requirements.lock, or of requirements-test.lock for `test` and `bench` (its superset).
- `node_modules`: the npm packages of deno.lock, installed by the Deno that came with the Python packages.
- `.venv/deno`: Deno's cache, unless DENO_DIR names another place. Inside the checkout it needs no writable home
  folder, goes away with the checkout, and shares its disk blocks with `node_modules` (hard links).
- `.venv/installed.json`: the record, written last. While it agrees with the lock files nothing is installed.

start.py      what every start does: it must stay quick to import
checkout.py   where things lie, and what is installed
install.py    what is missing, with pip.py where Python came without it; progress.py shows how far it is
"""
