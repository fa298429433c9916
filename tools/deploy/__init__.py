"""Deploys to a Supabase project with the official CLI: settings, migrations, function, portal, then a check."""
