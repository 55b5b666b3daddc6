# SPDX-License-Identifier: MIT
"""node/loader.py: whatever is in the file, what is good of it runs."""

import random

import import_once

import_once.import_once = import_once.find  # hundreds of loads would compile the same again

from loader_desk import define, in_order, load  # noqa: E402


async def test_whatever_is_in_the_file_the_good_components_run():
    random.seed(4)
    words = ("a", "@a", "@b", "@b.2", "@@a", "", 5, None, True, [], {}, ["@c"], {"x": "@a"})
    keys = tuple(define()) + ("constructor_args", "init_function", "call_interval", "typo")
    for _ in range(60):
        bad = []
        for name in "abcd":
            definition = define(args={"other": random.choice(words), "any": random.choice(words)})
            definition[random.choice(keys)] = random.choice(words)
            bad.append((name, definition))
        bad.insert(random.randint(0, 4), ("good", define()))
        if random.randint(0, 1):
            order = [random.choice(words) for _ in range(3)]
            bad.insert(random.randint(0, 5), ("_order", order))
        node = await load(*bad)
        node.stop()
        assert "good" in node.running, (bad, node.faults)
        failed = {name for name, _, _ in node.faults if name != "components.json"}
        assert failed | set(node.running) == {"a", "b", "c", "d", "good"}, (bad, node.faults)
        assert not failed & set(node.running)


async def test_a_damaged_file_never_stops_the_loader():
    random.seed(5)
    whole = in_order(
        ("a", define(args={"other": "b", "pins": [{"pin": 3}]})),
        ("_order", ["b", "a"]),
        ("b", define(args={"address": "0x21", "any": "@@"})),
    )
    for _ in range(150):
        text = whole
        for _ in range(random.randint(1, 3)):
            at = random.randint(0, len(text) - 1)
            text = text[:at] + random.choice(('"', "}", ",", "x", "@", "9", "")) + text[at + 1 :]
        node = await load(text=text)
        node.stop()
        accounted = {name for name, _, _ in node.faults} | set(node.running)
        assert "components.json" in accounted or len(accounted) >= 2, (text, node.faults)
