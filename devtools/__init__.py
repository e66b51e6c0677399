"""What `./dev` needs. Nothing in here is used by the addon at run time."""
