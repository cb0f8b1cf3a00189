"""The lab's images: pulled where a container registry answers, else stand-ins made from package registries."""
