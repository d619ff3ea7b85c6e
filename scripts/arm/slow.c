/* Has the clock of an emulated program go slower, so that it has the time for its work that a board would have: every
 * deadline of the product and of its tests keeps its meaning, and nothing in them knows of it. Preloaded (ld.so(8)).
 *
 * HEARTHSIDE_SLOW is "times monotonic realtime": how many times as slow, and where both clocks (in nanoseconds) stood when
 * the board began; each program on it counts from there, so that they agree. Instants that are told are those of the slow
 * clock, instants and spans that are waited for are turned back into real ones. What is not here goes on in real time:
 * timers that send signals, timeouts of sockets, the times of files, and what calls the kernel without the C library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SECOND = 1000000000, MILLI = 1000000, MICRO = 1000, SIGNALS = 8 };

static int64_t times = 1, monotonic, realtime;

__attribute__((constructor)) static void begin(void)
{
    const char *told = getenv("HEARTHSIDE_SLOW");
    long long a, b, c;
    if (told && sscanf(told, "%lld %lld %lld", &a, &b, &c) == 3 && a > 0)
        times = a, monotonic = b, realtime = c;
}

static int64_t ns(const struct timespec *t) { return (int64_t)t->tv_sec * SECOND + t->tv_nsec; }

static struct timespec spec(int64_t n) { return (struct timespec){n / SECOND, n % SECOND}; }

/* Where a clock stood in the beginning. */
static int64_t zero(clockid_t clock)
{
    switch (clock) {
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_MONOTONIC_COARSE: case CLOCK_BOOTTIME:
        return monotonic;
    case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: case CLOCK_TAI:
        return realtime;
    default: /* Processor time. */
        return 0;
    }
}

static struct timespec slow(clockid_t clock, const struct timespec *t)
{
    return spec(zero(clock) + (ns(t) - zero(clock)) / times);
}

static struct timespec real(clockid_t clock, const struct timespec *t)
{
    int64_t from = zero(clock), later = ns(t) - from;
    return spec(later > (INT64_MAX - from) / times ? INT64_MAX : from + later * times);
}

static struct timespec span(const struct timespec *t)
{
    return spec(ns(t) > INT64_MAX / times ? INT64_MAX : ns(t) * times);
}

/* A condition knows its clock and does not tell it; the two are fifty years apart. */
static clockid_t which(const struct timespec *t) { return ns(t) > realtime / 2 ? CLOCK_REALTIME : CLOCK_MONOTONIC; }

static void *next(const char *name, void **found)
{
    void *there = __atomic_load_n(found, __ATOMIC_RELAXED);
    if (!there)
        __atomic_store_n(found, there = dlsym(RTLD_NEXT, name), __ATOMIC_RELAXED);
    return there;
}
#define NEXT(name) static void *found; __typeof__(&name) there = (__typeof__(&name))next(#name, &found)

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, t);
    if (!failed)
        *t = slow(clock, t);
    return failed;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){now.tv_sec, now.tv_nsec / MICRO};
    return 0;
}

time_t time(time_t *t)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return t ? (*t = now.tv_sec) : now.tv_sec;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left)
{
    struct timespec until = flags & TIMER_ABSTIME ? real(clock, t) : span(t);
    int failed = (int)syscall(SYS_clock_nanosleep, clock, flags, &until, left);
    if (failed && left)
        *left = spec(ns(left) / times);
    return failed ? errno : 0;
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, t, left);
    errno = error ? error : errno;
    return error ? -1 : 0;
}

unsigned sleep(unsigned seconds)
{
    struct timespec t = {seconds, 0}, left = {0, 0};
    return nanosleep(&t, &left) ? (unsigned)left.tv_sec : 0;
}

int usleep(useconds_t micro)
{
    struct timespec t = spec((int64_t)micro * MICRO);
    return nanosleep(&t, NULL);
}

int ppoll(struct pollfd *files, nfds_t number, const struct timespec *t, const sigset_t *mask)
{
    struct timespec most = t ? span(t) : (struct timespec){0, 0};
    return (int)syscall(SYS_ppoll, files, number, t ? &most : NULL, mask, SIGNALS);
}

int poll(struct pollfd *files, nfds_t number, int milli)
{
    struct timespec t = spec((int64_t)milli * MILLI);
    return ppoll(files, number, milli < 0 ? NULL : &t, NULL);
}

int pselect(int number, fd_set *restrict in, fd_set *restrict out, fd_set *restrict bad,
            const struct timespec *restrict t, const sigset_t *restrict mask)
{
    NEXT(pselect);
    struct timespec most = t ? span(t) : (struct timespec){0, 0};
    return there(number, in, out, bad, t ? &most : NULL, mask);
}

int select(int number, fd_set *restrict in, fd_set *restrict out, fd_set *restrict bad, struct timeval *restrict t)
{
    struct timespec most = t ? (struct timespec){t->tv_sec, t->tv_usec * MICRO} : (struct timespec){0, 0};
    return pselect(number, in, out, bad, t ? &most : NULL, NULL);
}

int epoll_pwait(int files, struct epoll_event *events, int most, int milli, const sigset_t *mask)
{
    int64_t real_milli = milli > 0 ? milli * times : milli;
    int waited = real_milli > INT32_MAX ? INT32_MAX : (int)real_milli;
    return (int)syscall(SYS_epoll_pwait, files, events, most, waited, mask, SIGNALS);
}

int epoll_wait(int files, struct epoll_event *events, int most, int milli)
{
    return epoll_pwait(files, events, most, milli, NULL);
}

int sem_clockwait(sem_t *restrict sem, clockid_t clock, const struct timespec *restrict t)
{
    NEXT(sem_clockwait);
    struct timespec until = real(clock, t);
    return there(sem, clock, &until);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict t)
{
    return sem_clockwait(sem, CLOCK_REALTIME, t);
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict t)
{
    NEXT(pthread_cond_timedwait);
    struct timespec until = real(which(t), t);
    return there(condition, mutex, &until);
}

int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t clock,
                           const struct timespec *restrict t)
{
    NEXT(pthread_cond_clockwait);
    struct timespec until = real(clock, t);
    return there(condition, mutex, clock, &until);
}
