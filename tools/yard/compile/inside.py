# SPDX-License-Identifier: MIT
"""Public names that modules of the firmware use of each other, and nobody else.

They get short names as private ones do, so that a node with expanders keeps 2 KB less, and with
them its names fit into one table less (4.5 KB). Not here: what a component of a user may use (the
classes of `node.component`, `Pin`, what they see of the node, bases such as `Sensor`, `BusDevice`
and `PinEntity`), the interface of mqtt_as, and what files that are not compiled use.
"""

_NAMES = """
Report crashed rows_changed announce_again link_ready wifi_failed reopen
publish_reports Kept note publish_rows amount
Log sink lost muted levels LEVELS Tasks on_crash
Settings suggest spec
Session PlainClient WiFi come_back network_joined on_joined on_failed downtimes arrived parse
come_online online_changed renew cut paused clock_mode set_clock create complete
call_regularly browned_out pin_level setup_asked registers
Loader Starter Source Definition arrange circle name_faults unknown resolve explain limited
pending loaded describe look places read_at members JSONError expect column fail token
publish_stream pause_reading resume_reading deliver pieces MessageQueue connects DELAY_MS
MAX_DELAY_MS session_present last_error put_connect dial attempt ping wrap as_bytes put_packet pid
prefix suffix length whole PacketReader ProtocolError put_number put_length packet_size
on_crowded stuck stuck_count high_water CommandBuffer level_after dropped_full expire targets
wait_ms actions detach tags capacity deadlines slot deadline after
longest_us transfers MeteredI2C suspect pause_ms
configure seen_configured seen_latch seen_ours seen_inputs seen_gpio seen_intf seen_intcap latch
write_latch read_gpio pull_ups
reader inverted steps Expander ExpanderInputs delay unsure wanted next_at
allowed took debounce_ms
Debounce on_ms on_muted missed ask served polling
PinTable prepare Part Port build row publish_pieces
announce_device announce_entities
"""
INSIDE = frozenset(_NAMES.split())

# What they become, each another: names that the ESP32 has in ROM (of uctypes, framebuf, math,
# asyncio, errno, ssl, os), and that no component would use of an object of the firmware.
BECOME = """
INT PTR GS8 erf RAW INT8 LONG VOID UINT blit poly cosh sinh tanh erfc fabs log2 ZLIB GZIP mem8 sha1
AUTO argv UINT8 INT16 INT32 INT64 SHORT ARRAY MVLSB hline vline ULONG acosh asinh atanh expm1 log10
polar trunc EBADF EPERM mem16 ipoll UINT16 UINT32 UINT64 USHORT BF_LEN BF_POS BFINT8 NATIVE RGB565
lgamma ENOMEM EACCES EISDIR VfsFat umount awrite gather locked sizeof getter setter EEXIST EINVAL
stderr FileIO BFINT16 BFINT32 BFUINT8 FLOAT32 FLOAT64 ellipse ENOBUFS VfsLfs1 VfsLfs2 acquire
deleter maxsize IOQueue PinBase uniform POLLOUT POLLERR POLLHUP BytesIO time_ns urandom ENOTCONN
EALREADY ilistdir BFUINT16 BFUINT32 LONGLONG GS2_HMSB GS4_HMSB issubset kbd_intr exc_info mem_info
schedule makefile DeflateIO fill_rect errorcode ULONGLONG MONO_HLSB MONO_HMSB MONO_VLSB frozenset
qstr_info opt_level heap_lock isenabled awritestr stack_use byteorder accept settimeout sendto
viper native readlines websocket ticks_cpu isdisjoint issuperset b2a_base64 EADDRINUSE ECONNRESET
BIG_ENDIAN EOPNOTSUPP namedtuple unregister heap_unlock get_ciphers set_ciphers FrameBuffer
run_forever server_side FrameBuffer1 ECONNABORTED StreamReader StreamWriter bytearray_at
version_info CERT_OPTIONAL LITTLE_ENDIAN TextIOWrapper ViperTypeError difference_update
run_until_complete StopAsyncIteration SingletonGenerator intersection_update PROTOCOL_TLS_SERVER
symmetric_difference set_exception_handler get_exception_handler default_exception_handler
symmetric_difference_update execfile reversed complex rect compile
""".split()
