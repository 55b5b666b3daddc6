# SPDX-License-Identifier: MIT
import sys

from node.settings import load
from node.settings_args import SETTINGS
from scratch import Scratch

ROOT = __file__.rpartition("/")[0] + "/../.."


def settings(config=None, credentials=None):
    """Return (settings, reports) that the two files give."""
    reports = []
    with Scratch() as folder:
        if config is not None:
            folder.write("config.py", config)
        if credentials is not None:
            folder.write("credentials.py", credentials)
        return load(reports.append), reports


def lines_of(path):
    with open(ROOT + path) as f:
        return f.read().split("\n")


def test_without_files_every_setting_has_its_default():
    got, reports = settings()
    assert reports == []
    assert got.MQTT_HOME == "home"
    assert got.COMMAND_TTL_MS == 1500
    assert got.MQTT_TLS is False
    for name, spec in SETTINGS.items():
        assert getattr(got, name) == spec["default"], name


def test_config_overrides_defaults_and_credentials_override_config():
    got, reports = settings(
        'WIFI_SSID = "barn"\nMQTT_USER = "a"\nMQTT_PORT = 1884\n', 'MQTT_USER = "b"\n'
    )
    assert reports == []
    assert (got.WIFI_SSID, got.MQTT_USER, got.MQTT_PORT) == ("barn", "b", 1884)


def test_an_unknown_setting_is_reported_with_the_nearest_known_one():
    _, reports = settings("MQTT_HSOT = 'x'\n")
    assert reports == ['config.py: unknown setting "MQTT_HSOT"; did you mean "MQTT_HOST"?']
    _, reports = settings("mqtt_host = 'x'\n")
    assert reports == ['config.py: unknown setting "mqtt_host"; did you mean "MQTT_HOST"?']
    _, reports = settings(None, "MQTTPASSWORD = 'x'\n")
    assert reports == [
        'credentials.py: unknown setting "MQTTPASSWORD"; did you mean "MQTT_PASSWORD"?'
    ]


def test_where_none_is_near_those_with_the_same_words_are_named():
    for name, want in (
        ("SSID", "WIFI_SSID"),
        ("hostname", "WIFI_HOSTNAME"),
        ("UPDATE_THIS_NODE", "NODE_ID, NODE_NAME, UPDATE_KEY"),
    ):
        _, reports = settings(name + " = 'x'\n")
        assert reports == ['config.py: unknown setting "%s"; known are %s' % (name, want)]
    _, reports = settings("x = 5\n")
    for name in SETTINGS:
        assert name in reports[0], name


def test_a_wrong_setting_is_reported_and_keeps_its_default():
    for line, want in (
        ("MQTT_PORT = '1883'", "MQTT_PORT: expected a whole number, not text"),
        ("MQTT_PORT = 99999", "MQTT_PORT: 99999 is above the highest value 65535"),
        ("MQTT_TLS = 1", "MQTT_TLS: expected true or false, not a whole number"),
        ("LOG_LEVEL = 'inf'", 'LOG_LEVEL: unknown value "inf"; did you mean "info"?'),
        ("NODE_ID = 'my node'", 'NODE_ID: only letters, digits and "_-" are allowed, not " "'),
        ("NODE_ID = 'n' * 33", "NODE_ID: length 33 is above the highest value 32"),
        ("MQTT_HOME = 'a/+/b'", 'MQTT_HOME: only letters, digits and "_-./" are allowed, not "+"'),
        ("MQTT_HOME = '/home'", "MQTT_HOME: no slash at the beginning or end"),
        ("MQTT_HOME = 'home/'", "MQTT_HOME: no slash at the beginning or end"),
        ("MQTT_HOME = ''", "MQTT_HOME: length 0 is below the lowest value 1"),
        (
            "LOG_LEVELS = {'mqtt': 'warn', 'wifi': 'debgu'}",
            'LOG_LEVELS.wifi: unknown value "debgu"; did you mean "debug"?',
        ),
        ("ETHERNET = {'mdc': 23, 'mdio': 18, 'phy_addr': 1}", "ETHERNET: phy_type is missing"),
        ("ETHERNET = {'powr': 1}", 'ETHERNET: unknown key "powr"; did you mean "power"?'),
        (
            "STATIC_ADDRESS = ['192.168.1.2']",
            "STATIC_ADDRESS: expected address, netmask, gateway and DNS server",
        ),
        (
            "STATIC_ADDRESS = ['192.168.1.2', '255.255.255.0', '192.168.1.1', '192.168.1.256']",
            'STATIC_ADDRESS: "192.168.1.256" is no address such as 192.168.1.20',
        ),
        (
            "STATIC_ADDRESS = ['router', '255.255.255.0', '192.168.1.1', '192.168.1.1']",
            'STATIC_ADDRESS: "router" is no address such as 192.168.1.20',
        ),
        (
            "STATIC_ADDRESS = ['10.0.0.2', 5]",
            "STATIC_ADDRESS[1]: expected text, not a whole number",
        ),
        ("WIFI_COUNTRY = 'D'", "WIFI_COUNTRY: a country has two letters"),
        ("WIFI_COUNTRY = 'DEU'", "WIFI_COUNTRY: a country has two letters"),
        ("WIFI_COUNTRY = '49'", "WIFI_COUNTRY: a country has two letters"),
        ("CALL_INTERVAL = 518401", "CALL_INTERVAL: 518401 is above the highest value 518400"),
        (
            "LOG_LEVELS = {5: 'debug', 'mqtt': 'warn'}",
            "LOG_LEVELS: expected text in quotes as keys",
        ),
        ("ETHERNET = {23: 'mdc'}", "ETHERNET: expected text in quotes as keys"),
        ("LOG_LEVELS = 'debug'", "LOG_LEVELS: expected an object, not text"),
        ("TIME_ZONE = 'CET'", "TIME_ZONE: the offset from UTC is missing, as in CET-1"),
    ):
        got, reports = settings(line)
        assert reports == ["config.py: " + want], reports
        name = line.split(" ")[0]
        assert getattr(got, name) == SETTINGS[name]["default"]


def test_what_is_right_is_taken():
    for name, value in (
        ("LOG_LEVELS", {"wifi": "debug"}),
        ("TIME_ZONE", "CET-1"),
        ("WIFI_COUNTRY", "DE"),
        ("STATIC_ADDRESS", ["192.168.1.20", "255.255.255.0", "192.168.1.1", "0.0.0.0"]),
        ("ETHERNET", {"phy_type": "LAN8720", "phy_addr": 1, "mdc": 23, "mdio": 18}),
        ("CALL_INTERVAL", 0.5),
    ):
        got, reports = settings("%s = %r\n" % (name, value))
        assert (getattr(got, name), reports) == (value, [])


def test_one_fault_does_not_lose_the_other_settings():
    got, reports = settings("MQTT_PORT = 0.5\nMQTT_HOST = 'broker'\nLOG_RING = 0\n")
    assert len(reports) == 2
    assert got.MQTT_HOST == "broker"


def test_a_faulty_credential_leaves_what_config_says():
    got, reports = settings("MQTT_USER = 'a'", "MQTT_USER = None")
    assert got.MQTT_USER == "a"
    assert reports == ["credentials.py: MQTT_USER: expected text, not null"]


def test_a_syntax_error_gives_one_line_and_the_defaults():
    got, reports = settings("WIFI_SSID = 'a'\nMQTT_PORT = = 1\n", "MQTT_USER = 'b'")
    assert reports == ["config.py line 2: SyntaxError; none of it is used"]
    assert got.WIFI_SSID == ""
    assert got.MQTT_USER == "b"


def test_an_error_while_the_file_runs_says_the_line_but_not_the_text():
    got, reports = settings(None, "MQTT_USER = 'b'\nWIFI_PASSWORD = hunter2\n")
    assert reports == ["credentials.py line 2: NameError; none of it is used"]
    assert got.MQTT_USER == ""


def test_a_missing_module_that_config_imports_is_no_missing_config():
    _, reports = settings("import nowhere\n")
    assert reports == ["config.py line 1: ImportError; none of it is used"]


def test_what_config_imports_or_defines_for_itself_is_no_setting():
    got, reports = settings(
        "import sys\nfrom micropython import const\n_X = 5\ndef f(): return 7\nLOG_RING = f()\n"
    )
    assert reports == []
    assert got.LOG_RING == 7


def test_encryption_without_an_authority_is_reported():
    for more, faults in (
        ("", 1),
        ("MQTT_TLS_VERIFY = False\n", 0),
        ("MQTT_TLS_CA = 'ca.pem'\n", 0),
    ):
        _, reports = settings("MQTT_TLS = True\n" + more)
        assert len(reports) == faults, reports
    assert settings("MQTT_TLS = True\n")[1][0].startswith("MQTT_TLS_CA: ")


def test_no_secret_is_ever_shown():
    secret = "pa55word"
    for name in ("WIFI_PASSWORD", "MQTT_PASSWORD", "UPDATE_KEY", "CONFIG_KEY"):
        for value in ("%r", "[%r]", "{%r: 1}", "b%r", "%r * 999", "%r + 1", "(%r"):
            text = "%s = %s" % (name, value % secret)
            got, reports = settings(text)
            shown = repr(got) + "".join(reports)
            assert secret not in shown, text


def test_every_setting_is_an_attribute():
    got = settings("MQTT_HOST = 'broker'")[0]
    assert set(got.__dict__) == set(SETTINGS)
    assert got.MQTT_HOST == "broker"


def test_nothing_of_the_reading_stays_in_memory():
    for name in ("schema", "node.settings_args"):
        sys.modules.pop(name, None)
    settings("LOG_RING = 8", "MQTT_USER = 'x'")
    for name in ("schema", "node.settings_args", "config", "credentials"):
        assert name not in sys.modules, name
    assert not hasattr(sys.modules["node"], "settings_args")


def test_the_example_gives_every_default_in_the_order_of_the_table():
    with Scratch() as folder:
        folder.write("example.py", "\n".join(lines_of("/config_example.py")))
        example = __import__("example")
        for name, spec in SETTINGS.items():
            assert getattr(example, name) == spec["default"], name
    shown = [line.split(" = ")[0] for line in lines_of("/config_example.py") if " = " in line]
    table = lines_of("/firmware/node/settings_args.py")
    known = [line.split('"')[1] for line in table if line.startswith('    "') and ":" in line]
    assert shown == known, (shown, known)
    assert len(known) == len(SETTINGS)


def explanations():
    """Return the comment above each setting of the example. "The same" adds to the last one."""
    found = {}
    comment = ""
    for line in lines_of("/config_example.py"):
        if line.startswith("#"):
            comment += line[1:]
        elif " = " in line:
            before = comment
            found[line.split(" = ")[0]] = comment
        else:
            comment = ""
        if comment.startswith(" The same"):
            comment = before + comment
    return found


def test_the_example_explains_every_setting():
    found = explanations()
    for name in SETTINGS:
        assert len(found[name]) > 20, name


def test_the_example_tells_the_range_or_the_choices_of_every_setting():
    found = explanations()
    for name, spec in SETTINGS.items():
        words = [word.strip('",;:.()') for word in found[name].split()]
        limits = [spec[key] for key in ("min", "max") if key in spec and spec["type"] != "str"]
        for word in limits + list(spec.get("choices", ())):
            assert str(word) in words, (name, word, words)


def test_the_example_is_read_without_a_report():
    text = "\n".join(lines_of("/config_example.py"))
    assert settings(text)[1] == []
