module containers-course.invalid/oci-runtime

go 1.26
