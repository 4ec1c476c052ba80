// SPDX-License-Identifier: Apache-2.0
// One small v1model program with an instance of everything P4Runtime can name.  It is no sensible switch:
// each table is there for one requirement of the specification (see the comments).
#include <core.p4>
#include <v1model.p4>

typedef bit<9> port_t;
typedef bit<48> mac_t;

@controller_header("packet_in")
header packet_in_t {
    bit<9> ingress_port;
    bit<3> reason;
    bit<4> pad;
}

@controller_header("packet_out")
header packet_out_t {
    bit<9> egress_port;
    bit<7> pad;
}

header ethernet_t {
    mac_t dst_addr;
    mac_t src_addr;
    bit<16> ether_type;
}

header ipv6_t {
    bit<4> version;
    bit<8> traffic_class;
    bit<20> flow_label;
    bit<16> payload_length;
    bit<8> next_header;
    bit<8> hop_limit;
    bit<128> src_addr;
    bit<128> dst_addr;
}

struct headers_t {
    packet_in_t packet_in;
    packet_out_t packet_out;
    ethernet_t ethernet;
    ipv6_t ipv6;
}

struct metadata_t {
    bit<16> nexthop_id;
    bit<16> group_id;
    bit<2> color;
    bit<1> special;
}

struct learn_t {
    mac_t src_addr;
    port_t port;
}

parser parser_impl(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t std) {
    @name(".special_types") value_set<bit<16>>(4) special_types;
    state start {
        transition select(std.ingress_port) {
            510: parse_packet_out;
            default: parse_ethernet;
        }
    }
    state parse_packet_out {
        packet.extract(hdr.packet_out);
        transition parse_ethernet;
    }
    state parse_ethernet {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.ether_type) {
            0x86dd: parse_ipv6;
            special_types: parse_special;
            default: accept;
        }
    }
    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        transition accept;
    }
    state parse_special {
        md.special = 1;
        transition accept;
    }
}

control verify_impl(inout headers_t hdr, inout metadata_t md) { apply {} }
control compute_impl(inout headers_t hdr, inout metadata_t md) { apply {} }

control ingress_impl(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t std) {
    @name(".exact_counter") direct_counter(CounterType.packets_and_bytes) exact_counter;
    @name(".lpm_meter") direct_meter<bit<2>>(MeterType.packets) lpm_meter;
    @name(".port_counter") counter(8, CounterType.packets_and_bytes) port_counter;
    @name(".port_meter") meter(8, MeterType.bytes) port_meter;
    @name(".state_register") register<bit<20>>(16) state_register;
    @name(".nexthop_selector") action_selector(HashAlgorithm.crc16, 64, 16) nexthop_selector;
    @name(".manual_selector") action_selector(HashAlgorithm.crc16, 64, 16) manual_selector;
    @name(".plain_profile") action_profile(16) plain_profile;

    @name(".drop") action drop() { mark_to_drop(std); }
    @name(".no_op") action no_op() {}
    @name(".forward") action forward(@id(1) port_t port, @id(2) mac_t dst_addr) {
        std.egress_spec = port;
        hdr.ethernet.dst_addr = dst_addr;
    }
    @name(".set_nexthop") action set_nexthop(@refers_to("nexthop_table", "nexthop_id") bit<16> nexthop_id) {
        md.nexthop_id = nexthop_id;
    }
    @name(".set_group") action set_group(bit<16> group_id) { md.group_id = group_id; }
    @name(".punt") action punt() { std.egress_spec = 510; }
    @name(".learn") action learn() {
        digest<learn_t>(1, {hdr.ethernet.src_addr, std.ingress_port});
    }
    @name(".flood") action flood(bit<16> group) { std.mcast_grp = group; }
    @name(".mirror") action mirror(bit<32> session) { clone(CloneType.I2E, session); }
    @name(".count_it") action count_it(bit<32> index) { port_counter.count(index); }
    @name(".meter_it") action meter_it(bit<32> index) { port_meter.execute_meter(index, md.color); }
    @name(".remember") action remember(bit<32> index, bit<20> value) { state_register.write(index, value); }
    @name(".metered") action metered(port_t port) {
        lpm_meter.read(md.color);
        std.egress_spec = port;
    }

    // EXACT on two keys, direct counter, DEFAULT_ONLY and TABLE_ONLY actions.
    @name(".exact_table") table exact_table {
        key = {
            hdr.ethernet.dst_addr: exact @name("dst_addr") @format(MAC_ADDRESS);
            std.ingress_port: exact @name("ingress_port");
        }
        actions = { forward; @tableonly flood; @defaultonly no_op; punt; }
        default_action = no_op();
        counters = exact_counter;
        size = 1024;
    }
    // LPM with an exact key before it, direct meter, references to another table.
    @name(".lpm_table") table lpm_table {
        key = {
            std.ingress_port: exact @name("ingress_port");
            hdr.ipv6.dst_addr: lpm @name("ipv6_dst") @format(IPV6_ADDRESS);
        }
        actions = { metered; drop; }
        const default_action = drop();
        meters = lpm_meter;
        size = 65536;
    }
    // LPM alone, an entry of another table is referred to by an action parameter.
    @name(".route_table") table route_table {
        key = { hdr.ipv6.dst_addr: lpm @name("ipv6_dst") @format(IPV6_ADDRESS); }
        actions = { set_nexthop; set_group; drop; }
        default_action = drop();
        size = 65536;
    }
    @name(".nexthop_table") table nexthop_table {
        key = { md.nexthop_id: exact @name("nexthop_id"); }
        actions = { forward; drop; }
        default_action = drop();
        size = 1024;
    }
    // A match field that refers to another table.
    @name(".neighbor_table") table neighbor_table {
        key = {
            md.nexthop_id: exact @name("nexthop_id") @refers_to("nexthop_table", "nexthop_id");
            hdr.ipv6.src_addr: exact @name("neighbor");
        }
        actions = { forward; @defaultonly NoAction; }
        size = 64;
    }
    // TERNARY, RANGE and OPTIONAL; entry restriction.
    @entry_restriction("
        // the ports are only comparable when the type is IPv6
        next_header::mask != 0 -> ether_type == 0x86dd;
        ::priority < 10000;
        !(ether_type == 0x0806 && ingress_port == 3);
    ")
    @name(".acl_table") table acl_table {
        key = {
            hdr.ethernet.ether_type: ternary @name("ether_type");
            hdr.ipv6.next_header: ternary @name("next_header");
            hdr.ipv6.flow_label: range @name("flow_label");
            std.ingress_port: optional @name("ingress_port");
        }
        actions = { drop; punt; learn; mirror; count_it; meter_it; remember; no_op; }
        default_action = no_op();
        size = 32;
    }
    // One-shot action selector programming.
    @name(".group_table") table group_table {
        key = {
            md.group_id: exact @name("group_id");
            hdr.ipv6.flow_label: selector;
        }
        actions = { forward; drop; }
        implementation = nexthop_selector;
        size = 256;
    }
    // Members and groups.
    @name(".manual_table") table manual_table {
        key = {
            md.group_id: exact @name("group_id");
            hdr.ipv6.flow_label: selector;
        }
        actions = { forward; drop; }
        implementation = manual_selector;
        size = 256;
    }
    @name(".profile_table") table profile_table {
        key = { hdr.ethernet.src_addr: exact @name("src_addr"); }
        actions = { forward; drop; }
        implementation = plain_profile;
        size = 16;
    }
    // Entries of the program: constant table.
    @name(".const_table") table const_table {
        key = { hdr.ethernet.ether_type: exact @name("ether_type"); }
        actions = { punt; no_op; }
        const default_action = no_op();
        const entries = {
            0x88cc: punt();
            0x8847: no_op();
        }
    }
    // Preinitialised table.
    @name(".initial_table") table initial_table {
        key = { hdr.ethernet.ether_type: ternary @name("ether_type"); }
        actions = { punt; no_op; }
        default_action = no_op();
        entries = {
            const priority = 20: 0x88cd &&& 0xffff: punt();
            priority = 10: 0x8800 &&& 0xff00: no_op();
        }
        size = 8;
    }
    // No key at all.
    @name(".keyless_table") table keyless_table {
        actions = { no_op; count_it; }
        default_action = no_op();
    }
    // Idle timeouts.
    @name(".timeout_table") table timeout_table {
        key = { hdr.ethernet.src_addr: exact @name("src_addr"); }
        actions = { no_op; learn; }
        default_action = learn();
        support_timeout = true;
        size = 64;
    }

    apply {
        if (hdr.packet_out.isValid()) {
            std.egress_spec = hdr.packet_out.egress_port;
            hdr.packet_out.setInvalid();
        } else {
            mark_to_drop(std);
            keyless_table.apply();
            const_table.apply();
            initial_table.apply();
            timeout_table.apply();
            profile_table.apply();
            acl_table.apply();
            exact_table.apply();
            if (hdr.ipv6.isValid()) {
                lpm_table.apply();
                route_table.apply();
                neighbor_table.apply();
                if (md.nexthop_id != 0) { nexthop_table.apply(); }
                if (md.group_id != 0) {
                    group_table.apply();
                    manual_table.apply();
                }
            }
        }
    }
}

control egress_impl(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t std) {
    apply {
        if (std.egress_port == 510) {
            hdr.packet_in.setValid();
            hdr.packet_in.ingress_port = std.ingress_port;
            hdr.packet_in.reason = 5;
            hdr.packet_in.pad = 0;
        }
    }
}

control deparser_impl(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ipv6);
    }
}

V1Switch(parser_impl(), verify_impl(), ingress_impl(), egress_impl(), compute_impl(), deparser_impl()) main;
