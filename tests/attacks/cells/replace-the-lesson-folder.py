print("TRIED")
lesson.folder.rename(lesson.folder.with_name("gone"))
lesson.folder.symlink_to("/")
lesson.folder.parent.rename(lesson.folder.parent.with_name("elsewhere"))
