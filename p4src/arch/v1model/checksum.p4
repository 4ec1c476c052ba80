// SPDX-License-Identifier: Apache-2.0
// The IPv4 header checksum, options included. It is verified here; who changes an IPv4 header updates it
// (core/router/hop_limit.p4).
#ifndef SRV6_ARCH_V1MODEL_CHECKSUM_P4_
#define SRV6_ARCH_V1MODEL_CHECKSUM_P4_

// UDP over IPv6 (RFC 8200 8.1), GTP-U and what it carries: all of it is read. 0 would say that there is none, so what
// comes out as 0 is sent as its complement (RFC 768), which is the checksum of one word of zeros.
#define GTP_UDP_CHECKSUM                                                                                              \
    update_checksum_with_payload(MOBILE.isValid() && MOBILE.udp_checksum == 1,                                        \
                                 { hdr.ipv6.src_addr, hdr.ipv6.dst_addr, hdr.pushed_gtpu.udp_length,                  \
                                   8w0, hdr.ipv6.next_header,                                                         \
                                   hdr.pushed_gtpu.src_port, hdr.pushed_gtpu.dst_port, hdr.pushed_gtpu.udp_length,    \
                                   hdr.pushed_gtpu.flags, hdr.pushed_gtpu.message_type, hdr.pushed_gtpu.length,       \
                                   hdr.pushed_gtpu.teid,                                                              \
                                   hdr.pushed_session.sequence_number, hdr.pushed_session.n_pdu_number,               \
                                   hdr.pushed_session.next_extension, hdr.pushed_session.length,                      \
                                   hdr.pushed_session.octet_1, hdr.pushed_session.octet_2,                            \
                                   hdr.pushed_session.last_extension },                                               \
                                 hdr.pushed_gtpu.udp_checksum, HashAlgorithm.csum16);                                 \
    update_checksum(MOBILE.isValid() && MOBILE.udp_checksum == 1 && hdr.pushed_gtpu.udp_checksum == 0, { 16w0 },      \
                    hdr.pushed_gtpu.udp_checksum, HashAlgorithm.csum16);

control srv6_verify_checksum(inout headers_t hdr, inout local_metadata_t md) {
    apply {
        verify_checksum(hdr.ipv4.isValid(),
                        { hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.tos, hdr.ipv4.total_len, hdr.ipv4.identification,
                          hdr.ipv4.reserved_flag, hdr.ipv4.dont_fragment, hdr.ipv4.more_fragments, hdr.ipv4.frag_offset,
                          hdr.ipv4.ttl, hdr.ipv4.protocol, hdr.ipv4.src_addr, hdr.ipv4.dst_addr,
                          hdr.ipv4.options },
                        hdr.ipv4.hdr_checksum, HashAlgorithm.csum16);
    }
}

control srv6_compute_checksum(inout headers_t hdr, inout local_metadata_t md) {
    apply {
        MOBILE_CHECKSUM
    }
}

#endif  // SRV6_ARCH_V1MODEL_CHECKSUM_P4_
