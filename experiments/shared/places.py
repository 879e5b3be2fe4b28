"""Where this project keeps its scripts and figures, and the page that shows all of them."""

from pathlib import Path

from experiments.page.page import page
from quadmeta.harness import Places

ROOT = Path(__file__).resolve().parents[2]
PROJECT = Places(ROOT, page=page, program="python -m experiments")
