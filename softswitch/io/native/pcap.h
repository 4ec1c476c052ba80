/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of pcap files (nanoseconds).  The files are open for appending: what one call writes stays together, whoever
 * else writes, so that no lock is needed.
 */
#ifndef SOFTSWITCH_PCAP_H
#define SOFTSWITCH_PCAP_H

#include "io.h"

#include <time.h>
#include <unistd.h>

/* At most BATCH frames, stamped now; whether they are there.  A full disk loses records, not packets. */
static int pcap_write(int fd, const struct iovec *frames, u32 count)
{
    struct {
        u32 seconds, nanos, captured, length;
    } head[BATCH];
    struct iovec part[2 * BATCH];
    struct timespec t;
    u64 size = 0;
    clock_gettime(CLOCK_REALTIME, &t);
    for (u32 i = 0; i < count; i++) {
        u32 len = (u32)frames[i].iov_len;
        head[i].seconds = (u32)t.tv_sec;
        head[i].nanos = (u32)t.tv_nsec;
        head[i].captured = head[i].length = len;
        part[2 * i] = (struct iovec){&head[i], sizeof head[i]};
        part[2 * i + 1] = frames[i];
        size += sizeof head[i] + len;
    }
    return writev(fd, part, (int)(2 * count)) == (ssize_t)size;
}

#endif
