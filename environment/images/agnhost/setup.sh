# Some tests look which of the two was started, others for this user and its groups.
ln -s agnhost /agnhost-2
mkdir /uploads
useradd --uid 1000 user-defined-in-image
groupadd --gid 50000 group-defined-in-image
usermod --append --groups group-defined-in-image user-defined-in-image
