# SPDX-License-Identifier: Apache-2.0
"""What both ends of P4Runtime need: messages, values, the view of a p4info, the order that references ask for; and
the packets that both read from files.

``protos`` loads the message classes; ``values`` converts numbers, text and byte strings; ``annotations`` reads the
annotations of a p4info; ``p4info`` is a program by name and id, made of the dataclasses of ``objects``; ``references``
says which tables refer to which; ``barrier`` is a stream message of softswitch's own; ``errors`` is what can be wrong
with a program or a name; ``pcap`` is the format of packet files.

Client (``srv6cp.p4rt``) and server (``softswitch.p4runtime``) stand on it. It knows neither of them, and no gRPC.
"""
