# SPDX-License-Identifier: MIT
"""lib/command_buffer.py: order, bound, deadlines; against a reference that is a plain list."""

import random

from command_buffer import OFF, ON, PULSE, TOGGLE, CommandBuffer, level_after

from harness import allocated
from i2c_desk import PERIOD, Clock

CLOCK = Clock()


class Target:
    def __init__(self):
        self.said = []

    def dropped(self, reason, tag):
        self.said.append((reason, tag))


def waiting(buffer):
    """Return the tags of what waits, oldest first."""
    tags = []
    slot = buffer.after(buffer.end)
    while slot != buffer.end:
        tags.append(buffer.tags.get(slot))
        slot = buffer.after(slot)
    return tags


def slot_of(buffer, tag):
    """Return the slot of what waits with this tag."""
    slot = buffer.after(buffer.end)
    while buffer.tags.get(slot) != tag:
        slot = buffer.after(slot)
    return slot


def test_actions_change_only_the_bits_of_their_mask():
    after = [level_after(0b0101, 0b0011, action) for action in (OFF, ON, TOGGLE, PULSE)]
    assert after == [0b0100, 0b0111, 0b0110, 0b0111]


def test_commands_wait_in_the_order_in_which_they_were_put():
    buffer = CommandBuffer(4, CLOCK)
    target = Target()
    for tag in "abc":
        buffer.put(target, ON, 0, 100, tag)
    assert waiting(buffer) == ["a", "b", "c"]
    assert len(buffer) == 3


def test_a_command_keeps_what_it_was_put_with():
    buffer = CommandBuffer(4, CLOCK)
    target = Target()
    buffer.put(target, OFF, 250, 1000, {"id": 7})
    slot = buffer.after(buffer.end)
    assert buffer.targets[slot] is target
    assert (buffer.actions[slot], buffer.values[slot]) == (OFF, 250)
    assert buffer.deadlines[slot] == 1000
    assert buffer.tags.get(slot) == {"id": 7}


def test_when_it_is_full_the_oldest_goes_is_counted_and_told():
    buffer = CommandBuffer(3, CLOCK)
    target = Target()
    for tag in "abcde":
        buffer.put(target, ON, 0, 100, tag)
    assert waiting(buffer) == ["c", "d", "e"]
    assert target.said == [("full", "a"), ("full", "b")]
    assert buffer.dropped_full == 2
    assert buffer.high_water == 3


def test_a_command_expires_at_its_deadline_not_before():
    buffer = CommandBuffer(4, CLOCK)
    target = Target()
    buffer.put(target, ON, 0, 100, "a")
    assert buffer.expire(99) == 0
    assert buffer.wait_ms(99) == 1
    assert buffer.expire(100) == 1
    assert target.said == [("expired", "a")]
    assert buffer.expired == 1
    assert buffer.wait_ms(100) is None


def test_a_deadline_beyond_the_wrap_of_the_ticks_is_in_the_future():
    buffer = CommandBuffer(4, CLOCK)
    target = Target()
    now = PERIOD - 10
    buffer.put(target, ON, 0, CLOCK.ticks_add(now, 1500), "a")
    assert buffer.wait_ms(now) == 1500
    assert buffer.expire(CLOCK.ticks_add(now, 1499)) == 0
    assert buffer.expire(CLOCK.ticks_add(now, 1500)) == 1


def test_a_target_may_put_a_command_when_one_of_its_own_expires():
    buffer = CommandBuffer(2, CLOCK)

    class Stubborn(Target):
        def dropped(self, reason, tag):
            Target.dropped(self, reason, tag)
            if tag < 3:
                buffer.put(self, ON, 0, 500, tag + 10)

    target = Stubborn()
    buffer.put(target, ON, 0, 100, 1)
    buffer.put(target, ON, 0, 100, 2)
    buffer.expire(100)
    assert sorted(waiting(buffer)) == [11, 12]


def test_a_target_may_put_commands_into_a_full_buffer_when_one_of_its_own_is_dropped():
    buffer = CommandBuffer(2, CLOCK)

    class Stubborn(Target):
        def dropped(self, reason, tag):
            Target.dropped(self, reason, tag)
            if tag == "a":
                buffer.put(self, ON, 0, 100, "again")

    target = Stubborn()
    for tag in "abc":
        buffer.put(target, ON, 0, 100, tag)
    assert waiting(buffer) == ["c", "again"]
    assert target.said == [("full", "a"), ("full", "b")]


def test_while_all_slots_are_detached_a_new_command_is_the_one_that_is_dropped():
    buffer = CommandBuffer(1, CLOCK)
    target = Target()
    buffer.put(target, ON, 0, 100, "a")
    slot = buffer.after(buffer.end)
    buffer.detach(slot)
    buffer.put(target, ON, 0, 100, "b")
    assert target.said == [("full", "b")]
    buffer.release(slot)
    buffer.put(target, ON, 0, 100, "c")
    assert waiting(buffer) == ["c"]


def test_it_behaves_like_a_plain_list():
    random.seed(23017)
    for _ in range(40):
        follow_a_plain_list(random.randint(1, 9), random.randrange(PERIOD))


def follow_a_plain_list(capacity, start):
    buffer = CommandBuffer(capacity, CLOCK)
    target = Target()
    reference = []  # (tag, elapsed time of the deadline)
    elapsed = dropped = highest = 0
    for tag in range(200):
        now = CLOCK.ticks_add(start, elapsed)
        choice = random.randrange(4)
        if choice < 2:
            ttl = random.randint(1, 60)
            buffer.put(target, ON, 0, CLOCK.ticks_add(now, ttl), tag)
            if len(reference) == capacity:
                assert target.said.pop() == ("full", reference.pop(0)[0])
                dropped += 1
            reference.append((tag, elapsed + ttl))
            highest = max(highest, len(reference))
        elif choice == 2 and reference:
            gone, _ = reference.pop(random.randrange(len(reference)))
            buffer.remove(slot_of(buffer, gone))
        else:
            elapsed += random.randint(0, 30)
            now = CLOCK.ticks_add(start, elapsed)
            over = [row for row in reference if row[1] <= elapsed]
            assert buffer.expire(now) == len(over)
            assert [tag for _, tag in target.said] == [row[0] for row in over]
            target.said.clear()
            reference = [row for row in reference if row[1] > elapsed]
            if reference:
                # A removed command may make it too early once, never too late.
                assert 0 < buffer.wait_ms(now) <= min([row[1] for row in reference]) - elapsed
            else:
                assert buffer.wait_ms(now) is None
        assert waiting(buffer) == [row[0] for row in reference]
        assert len(buffer) == len(reference)
    assert (buffer.dropped_full, buffer.high_water) == (dropped, highest)


def test_nothing_is_allocated_by_putting_walking_expiring_and_removing():
    buffer = CommandBuffer(8)

    class Silent:
        def dropped(self, reason, tag):
            pass

    target = Silent()

    def use():
        for i in range(20):
            buffer.put(target, ON, i, 100 + i, None)
        slot = buffer.after(buffer.end)
        while slot != buffer.end:
            following = buffer.after(slot)
            if slot & 1:
                buffer.remove(slot)
            slot = following
        buffer.wait_ms(50)
        buffer.expire(2000)

    assert allocated(use) == 0
