// SPDX-License-Identifier: Apache-2.0
// The IPv4 header checksum, options included. It is verified here; who changes an IPv4 header updates it
// (core/router/hop_limit.p4).
#ifndef SRV6_ARCH_V1MODEL_CHECKSUM_P4_
#define SRV6_ARCH_V1MODEL_CHECKSUM_P4_

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
    apply { }
}

#endif  // SRV6_ARCH_V1MODEL_CHECKSUM_P4_
