"""URLs made to get inside, by the code with which each is refused; and honest ones."""

import socket

# What the names of the table lead to; the others do not exist.
ADDRESSES = {
    "example.com": ["93.184.215.14"],
    "rebound.example.com": ["127.0.0.1"],
    "intranet.example.com": ["10.0.0.8"],
    "docker.example.com": ["172.17.0.1"],
    "router.example.com": ["192.168.0.1"],
    "carrier.example.com": ["100.64.0.1"],
    "metadata.example.com": ["169.254.169.254"],
    "azure.example.com": ["168.63.129.16"],
    "zero.example.com": ["0.0.0.0"],  # noqa: S104
    "broadcast.example.com": ["255.255.255.255"],
    "multicast.example.com": ["239.1.1.1"],
    "mixed.example.com": ["93.184.215.14", "192.168.0.1"],
    "v6.example.com": ["::1"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "linklocal6.example.com": ["fe80::1%eth0"],
    "unique6.example.com": ["fd12:3456::1"],
    "aws6.example.com": ["fd00:ec2::254"],
    "sixtofour.example.com": ["2002:7f00:1::"],
    "teredo.example.com": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "nat64.example.com": ["64:ff9b::a9fe:a9fe"],
    "localhost.example.com.": ["127.0.0.1"],
}

# {port} is an allowed one, on which this machine listens.
HOSTILE = {
    "invalid_url": """
        https://
        https:///
        https://?x
        https://:{port}/
        https:///127.0.0.1:{port}/
        https://example.com:/
        https://example.com:0/
        https://example.com:+{port}/
        https://example.com:0x1bb/
        https://example.com:１２７/
        https://example.com:{port}:{port}/
        https://::1:{port}/
        https://[::1]{port}/
        https://[::1]x:{port}/
        https://example.com:{port}/#fragment
        https://example.com:{port}/hook#@127.0.0.1/
        https://example.com:{port}#@127.0.0.1/
        https://example.com:{port}\\@127.0.0.1/
        https://example.com:{port}/..\\..\\127.0.0.1/
        https://example.com:{port}/a␠b
        https://example.com:{port}/a␉b
        https://example.com:{port}/␍␊Host:␠127.0.0.1
        https://example.com:{port}/␊
        https://example.com:{port}/␀
        https://example.com:{port}/café
        https://example.com:{port}/%E2%80%A8␤
    """,
    "not_https": """
        http://example.com:{port}/
        http://127.0.0.1:{port}/
        HTTP://127.0.0.1:{port}/
        ftp://example.com/
        file:///etc/passwd
        gopher://127.0.0.1:{port}/_POST
        dict://127.0.0.1:{port}/
        ldap://127.0.0.1:{port}/
        jar:https://example.com/!/
        javascript:alert(1)
        data:text/plain,hello
        unix:///var/run/docker.sock
        //127.0.0.1:{port}/
        /127.0.0.1/
        127.0.0.1:{port}
        example.com
        https:127.0.0.1:{port}/
        https:/127.0.0.1:{port}/
        https:\\\\127.0.0.1:{port}\\
        https//127.0.0.1:{port}/
        ␠https://127.0.0.1:{port}/
        ␉https://example.com/
        ht␊tps://127.0.0.1:{port}/
        ｈttps://example.com/
        url:https://127.0.0.1:{port}/
    """,
    "credentials_in_url": """
        https://user@example.com:{port}/
        https://user:pass@example.com:{port}/
        https://@127.0.0.1:{port}/
        https://:@127.0.0.1:{port}/
        https://example.com@127.0.0.1:{port}/
        https://example.com:{port}@127.0.0.1:{port}/
        https://example.com%2F@127.0.0.1:{port}/
        https://a@b@127.0.0.1:{port}/
        https://[::1]@127.0.0.1:{port}/
        https://example.com␠@127.0.0.1:{port}/
    """,
    "port_not_allowed": """
        https://example.com/
        https://example.com:22/
        https://example.com:80/
        https://example.com:5432/
        https://example.com:8069/
        https://127.0.0.1:6379/
        https://example.com:99999/
        https://example.com:65979/
    """,
    "invalid_host": """
        https://localhost:{port}/
        https://LOCALHOST:{port}/
        https://localhost.:{port}/
        https://ｌｏｃａｌｈｏｓｔ:{port}/
        https://local\u00adhost:{port}/
        https://metadata:{port}/
        https://127.1:{port}/
        https://127.0.1:{port}/
        https://127:{port}/
        https://0:{port}/
        https://0x7f.1:{port}/
        https://0x7f.0.0.1:{port}/
        https://0X7F000001:{port}/
        https://0x7f000001:{port}/
        https://0x:{port}/
        https://2130706433:{port}/
        https://2852039166:{port}/
        https://4294967296:{port}/
        https://017700000001:{port}/
        https://0177.0.0.1:{port}/
        https://0177.0.0.0x1:{port}/
        https://127.0.0.01:{port}/
        https://127.000.000.001:{port}/
        https://10.0.0.010:{port}/
        https://08.8.8.8:{port}/
        https://256.256.256.256:{port}/
        https://1.2.3.4.5:{port}/
        https://127.0.0.1..:{port}/
        https://.127.0.0.1:{port}/
        https://①②⑦.①:{port}/
        https://127.0.0.1%00.example.com:{port}/
        https://%31%32%37.0.0.1:{port}/
        https://127%2e0%2e0%2e1:{port}/
        https://127.0.0.1␠.example.com:{port}/
        https://127.0.0.1␉:{port}/
        https://exam␊ple.com:{port}/
        https://example.com␀.evil.example:{port}/
        https://example..com:{port}/
        https://.example.com:{port}/
        https://example.com..:{port}/
        https://.:{port}/
        https://..:{port}/
        https://。:{port}/
        https://-example.com:{port}/
        https://example-.com:{port}/
        https://*.example.com:{port}/
        https://exa$mple.com:{port}/
        https://example.com;127.0.0.1:{port}/
        https://example.com,127.0.0.1:{port}/
        https://{{127.0.0.1}}:{port}/
        https://xn--a.com:{port}/
        https://xn--127-.com:{port}/
        https://℀.example.com:{port}/
        https://exa℆mple.com:{port}/
        https://example.com／127.0.0.1:{port}/
        https://example.com＠127.0.0.1:{port}/
        https://example.com＃.127.0.0.1:{port}/
        https://\u202e127.0.0.1:{port}/
        https://[]:{port}/
        https://[127.0.0.1]:{port}/
        https://[example.com]:{port}/
        https://[::1%25lo]:{port}/
        https://[fe80::1%25eth0]:{port}/
        https://[fe80::1%eth0]:{port}/
        https://[::1%]:{port}/
        https://[:::1]:{port}/
        https://[::ffff:127.1]:{port}/
        https://[::ffff:0177.0.0.1]:{port}/
        https://[v1.fe80::a+en1]:{port}/
    """,
    "address_not_public": """
        https://127.0.0.1:{port}/
        HTTPS://127.0.0.1:{port}/
        https://127.0.0.1.:{port}/
        https://127.8.9.10:{port}/
        https://１２７.0.0.1:{port}/
        https://①②⑦.0.0.①:{port}/
        https://127。0。0。1:{port}/
        https://0.0.0.0:{port}/
        https://10.0.0.1:{port}/
        https://100.100.100.200:{port}/
        https://169.254.169.254:{port}/latest/meta-data/
        https://169.254.170.2:{port}/v2/credentials
        https://168.63.129.16:{port}/
        https://172.31.255.255:{port}/
        https://192.0.0.192:{port}/
        https://192.168.1.1:{port}/
        https://198.18.0.1:{port}/
        https://203.0.113.9:{port}/
        https://224.0.0.1:{port}/
        https://255.255.255.255:{port}/
        https://[::]:{port}/
        https://[::1]:{port}/
        https://[0:0:0:0:0:0:0:1]:{port}/
        https://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/
        https://[::127.0.0.1]:{port}/
        https://[::ffff:127.0.0.1]:{port}/
        https://[::ffff:7f00:1]:{port}/
        https://[::FFFF:7F00:1]:{port}/
        https://[::ffff:a9fe:a9fe]:{port}/
        https://[::ffff:0:127.0.0.1]:{port}/
        https://[64:ff9b::7f00:1]:{port}/
        https://[64:ff9b::169.254.169.254]:{port}/
        https://[64:ff9b:1::8.8.8.8]:{port}/
        https://[2002:7f00:1::]:{port}/
        https://[2002:c0a8:101::1]:{port}/
        https://[2001:0:53aa:64c::80ff:fffe]:{port}/
        https://[2001:db8::1]:{port}/
        https://[3fff::1]:{port}/
        https://[fc00::1]:{port}/
        https://[fd00:ec2::254]:{port}/
        https://[fe80::1]:{port}/
        https://[fec0::1]:{port}/
        https://[ff02::1]:{port}/
        https://[100::1]:{port}/
        https://rebound.example.com:{port}/
        https://REBOUND.example.COM:{port}/
        https://ｒebound.example.com:{port}/
        https://intranet.example.com:{port}/
        https://docker.example.com:{port}/
        https://router.example.com:{port}/
        https://carrier.example.com:{port}/
        https://metadata.example.com:{port}/
        https://azure.example.com:{port}/
        https://zero.example.com:{port}/
        https://broadcast.example.com:{port}/
        https://multicast.example.com:{port}/
        https://mixed.example.com:{port}/
        https://v6.example.com:{port}/
        https://mapped.example.com:{port}/
        https://linklocal6.example.com:{port}/
        https://unique6.example.com:{port}/
        https://aws6.example.com:{port}/
        https://sixtofour.example.com:{port}/
        https://teredo.example.com:{port}/
        https://nat64.example.com:{port}/
    """,
}

#: url → (host, port, path) as it is understood.
HONEST = {
    "https://example.com": ("example.com", 443, "/"),
    "https://example.com/": ("example.com", 443, "/"),
    "https://example.com:443/hook": ("example.com", 443, "/hook"),
    "https://example.com:8443/hook": ("example.com", 8443, "/hook"),
    "HTTPS://Example.COM/Hook": ("example.com", 443, "/Hook"),
    "https://example.com./hook": ("example.com", 443, "/hook"),
    "https://example.com?a=1": ("example.com", 443, "/?a=1"),
    "https://example.com/a/../b//c;d?e=f&g=%20@:": ("example.com", 443, "/a/../b//c;d?e=f&g=%20@:"),
    "https://example.com/https://127.0.0.1/": ("example.com", 443, "/https://127.0.0.1/"),
    "https://hooks.eu-1.my_app.example.com/": ("hooks.eu-1.my_app.example.com", 443, "/"),
    "https://127.0.0.1.example.com/": ("127.0.0.1.example.com", 443, "/"),
    "https://0x7f.1.example.com/": ("0x7f.1.example.com", 443, "/"),
    "https://3com.com/": ("3com.com", 443, "/"),
    "https://bücher.example/": ("xn--bcher-kva.example", 443, "/"),
    "https://BÜCHER.example/": ("xn--bcher-kva.example", 443, "/"),
    "https://xn--bcher-kva.example/": ("xn--bcher-kva.example", 443, "/"),
    "https://例え。テスト/": ("xn--r8jz45g.xn--zckzah", 443, "/"),
    "https://8.8.8.8/": ("8.8.8.8", 443, "/"),
    "https://[2606:4700:4700::1111]:8443/x": ("2606:4700:4700::1111", 8443, "/x"),
    "https://[2606:4700:4700:0:0:0:0:1111]/": ("2606:4700:4700::1111", 443, "/"),
    "https://[64:ff9b::8.8.8.8]/": ("64:ff9b::808:808", 443, "/"),
    f"https://{'a' * 63}.example.com/": (f"{'a' * 63}.example.com", 443, "/"),
}
_SPELT_OUT = str.maketrans({"␠": " ", "␉": "\t", "␊": "\n", "␍": "\r", "␀": "\0", "␤": "\u2028"})


def look_up(host):
    try:
        return ADDRESSES[host]
    except KeyError:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None


def hostile_urls(port):
    for code, lines in HOSTILE.items():
        for line in lines.split("\n"):
            if line.strip():
                yield code, line.strip(" ").translate(_SPELT_OUT).format(port=port)
    long_name = ".".join(["a" * 60] * 5)
    yield "invalid_host", f"https://{long_name}.example.com:{port}/"
    yield "invalid_host", f"https://{'a' * 64}.example.com:{port}/"
    yield "invalid_host", f"https://{'ä' * 300}.example.com:{port}/"
    yield "invalid_url", f"https://example.com:{port}/{'a' * 2100}"
