"""Puts the published certificates beside the modules of a wheel; setup.cfg states the rest."""

from pathlib import Path
from shutil import copyfile

from setuptools import setup
from setuptools.command.build_py import build_py


class WithCertificates(build_py):
    """A checkout keeps one copy, in ``figures/``, where the page links to it; a wheel has none."""

    def run(self):
        """Build the modules, then copy the certificates."""
        super().run()
        if self.editable_mode:  # the package is the checkout
            return
        to = Path(self.build_lib) / "quadmeta" / "certificates" / "bundled"
        to.mkdir(parents=True, exist_ok=True)
        files = sorted(Path("figures", "certificates").glob("*.json"))
        if not files:
            raise FileNotFoundError(
                "figures/certificates holds no certificate: build from a whole checkout or sdist"
            )
        for file in files:
            copyfile(file, to / file.name)


setup(cmdclass={"build_py": WithCertificates})
