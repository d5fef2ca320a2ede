"""A small disk of a test's own, that can fill up or fail. It takes root and a loop device."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.server import wait_until

MEGABYTES = 24


class Disk:
    """An ext4 file system in the file `image`, mounted at `folder`."""

    def __init__(self, image: Path, folder: Path) -> None:
        self._image, self._folder = image, folder
        folder.mkdir(parents=True)
        with image.open("wb") as file:
            file.truncate(MEGABYTES << 20)

    def make(self) -> None:
        """Format and mount. Errors: `CalledProcessError` where that is not allowed."""
        _run("mkfs.ext4", "-q", "-m", "0", str(self._image))
        self._mount()
        shutil.rmtree(self._folder / "lost+found")

    def fill(self) -> None:
        """Until not one byte more can be written."""
        with (self._folder / "ballast").open("ab", buffering=0) as ballast:
            for size in (1 << 16, 1):
                try:
                    while ballast.write(b"\1" * size):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """There is room again."""
        (self._folder / "ballast").unlink()

    def fail(self) -> None:
        """From now on it is read-only, as the kernel makes it when it meets a damaged block."""
        trigger = Path("/sys/fs/ext4") / Path(self._device()).name / "trigger_fs_error"
        trigger.write_text("damaged by a test\n")

    def mend(self) -> None:
        """What an operator does while nothing uses the disk."""
        self._unmount()
        fixed = subprocess.run(["e2fsck", "-fy", self._image], check=False, capture_output=True)
        assert fixed.returncode in (0, 1), fixed.stdout
        self._mount()
        shutil.rmtree(self._folder / "lost+found", ignore_errors=True)

    def remove(self) -> None:
        """Whatever has become of it."""
        if self._device():
            self._unmount()
        self._image.unlink()

    def _mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self._folder))

    def _unmount(self) -> None:
        """A process that was killed lets go of its files a moment later."""
        asked = ["umount", str(self._folder)]
        wait_until(lambda: subprocess.run(asked, check=False, capture_output=True).returncode == 0)

    def _device(self) -> str:
        mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
        return next((words[0] for words in mounts if words[1] == str(self._folder)), "")


@contextmanager
def small_disk(image: Path, folder: Path) -> Iterator[Disk]:
    """A disk at `folder`. The test is skipped, which is said, where none can be mounted."""
    disk = Disk(image, folder)
    try:
        try:
            disk.make()
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no disk can be mounted here, test_short_writes.py has to do: {error}")
        yield disk
    finally:
        disk.remove()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
