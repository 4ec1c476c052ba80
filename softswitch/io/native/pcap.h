/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of pcap files (nanoseconds).  The files are open for appending: what one call writes stays together, whoever
 * else writes, so that no lock is needed.
 */
#ifndef SOFTSWITCH_PCAP_H
#define SOFTSWITCH_PCAP_H

#include "io.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How many whole records are in the first `written` bytes of what a call should have written; `end`: of the last one.
 */
static u32 pcap_whole(const struct iovec *frames, u32 count, u64 written, u64 *end)
{
    u32 n = 0;
    for (*end = 0; n < count && *end + 16 + frames[n].iov_len <= written; n++)
        *end += 16 + frames[n].iov_len;
    return n;
}

/* At most BATCH frames, stamped now; how many are there, errno says why not all.  A record of which only a part had
 * room is cut off again, so that the file stays readable. */
static u32 pcap_write(int fd, const struct iovec *frames, u32 count)
{
    struct {
        u32 seconds, nanos, captured, length;
    } head[BATCH];
    struct iovec part[2 * BATCH];
    struct timespec t;
    struct stat now;
    u64 size = 0, end;
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
    ssize_t written = writev(fd, part, (int)(2 * count));
    if (written == (ssize_t)size)
        return count;
    if (written < 0)
        return 0;
    u32 whole = pcap_whole(frames, count, (u64)written, &end);
    if (fstat(fd, &now) || ftruncate(fd, now.st_size - (off_t)((u64)written - end)))
        return whole; /* what cannot be cut either is left as it is */
    errno = ENOSPC;   /* a write that stops in the middle says nothing more */
    return whole;
}

/* Records frames unless `error` says that this has failed before; how many are not recorded.  Packets are not held up
 * by a disk that is full. */
static u32 pcap_record(int fd, int *error, const struct iovec *frames, u32 count)
{
    if (LOAD(*error))
        return count;
    u32 written = pcap_write(fd, frames, count);
    if (written < count)
        __atomic_store_n(error, errno ? errno : ENOSPC, __ATOMIC_RELAXED);
    return count - written;
}

#endif
