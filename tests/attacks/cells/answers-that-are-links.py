import pathlib
print("TRIED")
folder = lesson.folder / "answers"
folder.mkdir(exist_ok=True)
for name in ("site", "page", "small"):
    (folder / f"{name}.json").symlink_to("/etc/passwd")
(lesson.folder / "answers2").symlink_to("/")
