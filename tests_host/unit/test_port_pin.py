# SPDX-License-Identifier: MIT
"""tools/yard/port: machine.Pin, Signal, ADC and PWM as on the ESP32."""

from board_link import attach
from machine import ADC, PWM, Counter, Pin, Signal, disable_irq, enable_irq, idle, time_pulse_us

from harness import raises
from yard.model.board import Board


def fresh_board(**wiring):
    return attach(Board([0x20], **wiring))


def test_a_number_has_one_pin_object():
    fresh_board()
    assert Pin(2) is Pin(2)
    assert Pin(Pin(2)) is Pin(2)
    assert repr(Pin(2)) == "Pin(2)"
    assert isinstance(Pin(2), Pin)


def test_an_output_drives_its_level():
    board = fresh_board()
    pin = Pin(5, Pin.OUT)
    for drive, level in ((pin.on, 1), (pin.off, 0), (pin.toggle, 1), (pin.toggle, 0)):
        drive()
        assert pin.value() == pin() == board.pin_read(5) == level
    pin.value(1)
    assert pin() == 1
    pin(0)
    assert pin() == 0
    pin.value(["anything true"])
    assert pin() == 1


def test_the_level_is_set_before_the_direction():
    board = fresh_board()
    seen = []
    board.pin_listeners.append(lambda gpio, level: seen.append(level))
    Pin(5, Pin.OUT, value=0)
    assert seen == []
    Pin(4, Pin.OUT, value=1)
    assert seen == [1]


def test_an_input_reads_what_is_outside():
    board = fresh_board()
    pin = Pin(5, Pin.IN)
    board.drive_pin(5, 1)
    assert pin.value() == 1
    board.drive_pin(5, 0)
    assert pin.value() == 0


def test_pulls_hold_an_open_input():
    fresh_board()
    assert Pin(5, Pin.IN, Pin.PULL_UP).value() == 1
    assert Pin(5, Pin.IN, Pin.PULL_DOWN).value() == 0
    assert Pin(5, Pin.IN, None).value() == 0
    Pin(5).init(pull=Pin.PULL_UP)
    assert Pin(5).value() == 1
    assert Pin(34, Pin.IN, Pin.PULL_UP).value() == 0, "34 to 39 have none, and nobody says so"


def test_open_drain_pulls_low_and_lets_go():
    board = fresh_board()
    pin = Pin(5, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
    assert pin.value() == 1
    board.drive_pin(5, 0)
    assert pin.value() == 0
    board.drive_pin(5, None)
    pin.off()
    assert pin.value() == 0


def test_what_the_esp32_refuses_is_refused():
    fresh_board()
    for gpio in (-1, 6, 24, 40, "D5", None, 1.5):
        assert str(raises(ValueError, Pin, gpio)) == "invalid pin"
    assert str(raises(ValueError, Pin, 34, Pin.OUT)) == "pin can only be input"
    raises(TypeError, lambda: Pin(5, Pin.OUT, level=1))
    raises(TypeError, lambda: Pin(5).irq(print, hard=True))
    for name in ("mode", "pull", "high", "low", "on_change"):
        assert not hasattr(Pin(5), name)


def test_edges_call_the_handler_with_the_pin():
    board = fresh_board()
    seen = []
    pin = Pin(5, Pin.IN)
    for trigger, expected in (
        (Pin.IRQ_RISING, [1]),
        (Pin.IRQ_FALLING, [0]),
        (Pin.IRQ_RISING | Pin.IRQ_FALLING, [1, 0]),
    ):
        seen.clear()
        pin.irq(lambda p: seen.append((p, p.value())), trigger)
        board.drive_pin(5, 1)
        board.drive_pin(5, 0)
        assert seen == [(pin, level) for level in expected]
    seen.clear()
    pin.irq(None)
    board.drive_pin(5, 1)
    assert seen == []


def test_the_interrupt_line_of_a_chip_reaches_its_pin():
    board = fresh_board(wiring={4: [(0x20, "INTA")]})
    edges = []
    pin = Pin(4, Pin.IN)
    pin.irq(lambda p: edges.append(p.value()), Pin.IRQ_FALLING)
    board.bus.transfer(0x20, b"\x04\x01")  # GPINTENA
    board.chips[0x20].drive(0, 1)
    assert edges == [0]


def test_an_interrupt_that_a_transfer_causes_comes_after_it():
    from machine import I2C

    board = fresh_board(wiring={4: [(0x20, "INTA")]})
    i2c = I2C(0)
    seen = []
    Pin(4, Pin.IN).irq(lambda p: seen.append(i2c.readfrom_mem(0x20, 0x08, 1)), Pin.IRQ_RISING)
    board.bus.transfer(0x20, b"\x04\x01")
    board.chips[0x20].drive(0, 1)
    assert i2c.readfrom_mem(0x20, 0x12, 1) == b"\x01"  # reading GPIOA ends the interrupt
    assert seen == [b"\x00"]


def test_a_handler_that_fails_disturbs_nobody():
    board = fresh_board()
    pin = Pin(5, Pin.IN)
    pin.irq(lambda p: 1 // 0)
    board.drive_pin(5, 1)
    assert pin.value() == 1


def test_interrupts_wait_while_they_are_disabled():
    board = fresh_board()
    seen = []
    Pin(5, Pin.IN).irq(lambda p: seen.append(1))
    state = disable_irq()
    board.drive_pin(5, 1)
    idle()
    assert seen == []
    enable_irq(state)
    assert seen == [1]


def test_another_board_begins_with_fresh_pins():
    fresh_board()
    seen = []
    Pin(5, Pin.IN).irq(seen.append)
    board = fresh_board()
    Pin(5, Pin.IN)
    board.drive_pin(5, 1)
    assert seen == []


def test_a_signal_may_be_inverted():
    board = fresh_board()
    signal = Signal(Pin(5, Pin.OUT), invert=True)
    signal.on()
    assert (signal.value(), board.pin_read(5)) == (1, 0)
    signal.off()
    assert (signal(), board.pin_read(5)) == (0, 1)
    signal(1)
    assert board.pin_read(5) == 0
    assert Signal(Pin(5)).value() == 0


def test_a_signal_makes_its_own_pin_and_takes_any_object_with_a_value():
    board = fresh_board()
    Signal(5, Pin.OUT, value=0, invert=True)
    assert board.pin_read(5) == 1

    class Expander:
        def value(self, *level):
            return 1

    assert Signal(Expander(), invert=True).value() == 0
    raises(TypeError, Signal, Pin(5), Pin.OUT)


def test_adc_reads_in_three_units():
    board = fresh_board()
    board.analog[34] = 0x8000
    adc = ADC(Pin(34), atten=ADC.ATTN_11DB)
    assert adc.read_u16() == 0x8000
    assert adc.read() == 0x800
    assert 1_220_000 < adc.read_uv() < 1_230_000
    adc.width(ADC.WIDTH_9BIT)
    assert adc.read() == 0x100
    assert str(raises(ValueError, ADC, 5)) == "invalid pin"


def test_pwm_tells_the_board_frequency_and_duty():
    board = fresh_board()
    pwm = PWM(Pin(5), freq=1000, duty_u16=0x4000)
    assert board.pin(5).pwm == (1000, 0x4000)
    pwm.duty(1023)
    assert board.pin(5).pwm == (1000, 1023 << 6)
    pwm.freq(500)
    assert (pwm.freq(), pwm.duty()) == (500, 1023)
    pwm.duty_ns(1_000_000)
    assert 0x7FF0 < pwm.duty_u16() < 0x8000
    pwm.deinit()
    assert board.pin(5).pwm is None
    assert raises(ValueError, pwm.duty_u16, 65536)
    raises(TypeError, lambda: PWM(Pin(5), frequency=5))


def test_a_counter_counts_one_kind_of_edges():
    board = fresh_board()
    rising = Counter(0, Pin(5, Pin.IN))
    falling = Counter(7, Pin(5), edge=Counter.FALLING)
    for level in (1, 0, 1):
        board.drive_pin(5, level)
        board.drive_pin(4, level)
    assert (rising.value(), falling.value()) == (2, 1)
    assert rising.value(10) == 2
    board.drive_pin(5, 0)
    falling.deinit()
    board.drive_pin(5, 1)
    board.drive_pin(5, 0)
    assert (rising.value(), falling.value()) == (11, 2)
    assert Counter(0) is rising
    raises(ValueError, Counter, 8, Pin(5))


def test_a_pulse_that_does_not_come_or_does_not_end_is_told():
    board = fresh_board()
    pin = Pin(5, Pin.IN)
    assert time_pulse_us(pin, 1, 1000) == -2
    board.drive_pin(5, 1)
    assert time_pulse_us(pin, 1, 1000) == -1
