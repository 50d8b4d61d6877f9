/* State: the level. Lines are built in memory of their own and written with one call, so there is no lock and
 * no thread waits for another to log; a slow reader of standard error does hold up the thread that logs. */
#include "base/log.h"

#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

static _Atomic int max_level = LOG_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level)
{
    max_level = (int)level;
}

void log_message(enum log_level level, const char *format, ...)
{
    struct buf CLEANUP_BUF line = BUF_INIT;
    struct timeval now;
    struct tm parts;
    va_list args;

    if ((int)level > max_level)
        return;
    gettimeofday(&now, NULL);
    localtime_r(&now.tv_sec, &parts);
    buf_printf(&line, "%04d-%02d-%02d %02d:%02d:%02d.%03d %s: ", parts.tm_year + 1900, parts.tm_mon + 1,
               parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (int)(now.tv_usec / 1000),
               level_names[level]);
    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.data[i] < 0x20 || line.data[i] == 0x7f)
            line.data[i] = '?';
    buf_add_char(&line, '\n');
    /* One write for a line keeps the lines of several threads apart. If standard error is gone, nobody is
     * left to tell. */
    ssize_t ignored = write(STDERR_FILENO, line.data, line.len);
    (void)ignored;
}
