import os
print("TRIED")
(lesson.folder / "answers").mkdir(exist_ok=True)
for name in ("site", "page", "small", "hungry"):
    os.mkfifo(lesson.folder / "answers" / f"{name}.json")
