raise RuntimeError("SELECT password FROM user at /etc/secret")
