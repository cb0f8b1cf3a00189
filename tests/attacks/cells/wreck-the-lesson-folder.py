import shutil
print("TRIED")
shutil.rmtree(lesson.folder)
lesson.folder.mkdir()
(lesson.folder / "record.json").write_text('{"token": 5, "opened_at": "x", "ports": {"web": "/etc/passwd"}, "place": [1]}')
