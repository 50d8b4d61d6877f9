#include "admin/prefetch/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#define POLL_MS 200
/* Between asking it to end and ending it. */
#define KILL_PATIENCE_MS 3000
/* Of standard error. */
#define COMPLAINT_MAX_BYTES 2000

struct program {
    pid_t pid;
    int out_fd;
    int err_fd;
};

/* Does not change what the programs are told. */
static bool is_left(const char *variable)
{
    static const char *const beginnings[] = {"PIP_", "UV_"};
    static const char *const names[] = {"http_proxy=", "https_proxy=", "all_proxy="};

    for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++)
        if (text_starts(variable, beginnings[i]))
            return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strncasecmp(variable, names[i], strlen(names[i])) == 0)
            return false;
    return true;
}

static const char **make_environment(const char *const *variables)
{
    size_t count = 0;
    size_t kept = 0;

    while (variables[count])
        count++;
    const char **out = xcalloc(count + 2, sizeof(*out));
    for (size_t i = 0; i < count; i++)
        if (is_left(variables[i]))
            out[kept++] = variables[i];
    out[kept] = "PIP_CONFIG_FILE=/dev/null";
    return out;
}

/* Signals that this process blocks or ignores are the program's again. */
static int spawn(const char *const *argv, int out_fd, int err_fd, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    const char **CLEANUP_FREE environment = make_environment((const char *const *)environ);
    sigset_t signals;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err_fd, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int result =
        posix_spawnp(pid, argv[0], &files, &attributes, (char *const *)argv, (char *const *)environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return result;
}

static int start(const char *const *argv, struct program *program, struct buf *error)
{
    int out[2], err[2];

    if (pipe2(out, O_CLOEXEC) < 0) {
        buf_set(error, "cannot run %s: %s", argv[0], strerror(errno));
        return -1;
    }
    if (pipe2(err, O_CLOEXEC) < 0) {
        buf_set(error, "cannot run %s: %s", argv[0], strerror(errno));
        close(out[0]);
        close(out[1]);
        return -1;
    }
    int result = spawn(argv, out[1], err[1], &program->pid);
    close(out[1]);
    close(err[1]);
    if (result) {
        buf_set(error, "cannot run %s: %s: is it installed?", argv[0], strerror(result));
        close(out[0]);
        close(err[0]);
        return -1;
    }
    program->out_fd = out[0];
    program->err_fd = err[0];
    return 0;
}

/* False at the end. */
static bool read_some(int fd, struct buf *out)
{
    char piece[16384];
    ssize_t got = read(fd, piece, sizeof(piece));

    if (got > 0)
        buf_add(out, piece, (size_t)got);
    return got > 0 || (got < 0 && errno == EINTR);
}

/* Keeps the end of what it complains. */
static void shorten(struct buf *complaint)
{
    size_t surplus = complaint->len > COMPLAINT_MAX_BYTES ? complaint->len - COMPLAINT_MAX_BYTES : 0;

    if (!surplus)
        return;
    memmove(complaint->data, complaint->data + surplus, COMPLAINT_MAX_BYTES);
    buf_truncate(complaint, COMPLAINT_MAX_BYTES);
}

static void listen_to(const struct program *program, const atomic_bool *stop, struct buf *out,
                      struct buf *complaint)
{
    struct pollfd fds[2] = {{.fd = program->out_fd, .events = POLLIN},
                            {.fd = program->err_fd, .events = POLLIN}};
    int64_t killed_ms = 0;

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (!killed_ms && ((stop && atomic_load(stop)) || out->len > PROGRAM_OUTPUT_MAX_BYTES)) {
            kill(program->pid, SIGTERM);
            killed_ms = clock_mono_ms();
        } else if (killed_ms && clock_mono_ms() - killed_ms > KILL_PATIENCE_MS) {
            kill(program->pid, SIGKILL);
            return; /* what it has started may hold the pipes for ever */
        }
        if (poll(fds, 2, POLL_MS) <= 0)
            continue;
        if (fds[0].revents && !read_some(fds[0].fd, out))
            fds[0].fd = -1;
        if (fds[1].revents && !read_some(fds[1].fd, complaint))
            fds[1].fd = -1;
        shorten(complaint);
    }
}

int program_run(const char *const *argv, const atomic_bool *stop, struct buf *out, struct buf *error)
{
    struct buf CLEANUP_BUF complaint = BUF_INIT;
    struct program program;
    int status = 0;

    if (start(argv, &program, error) < 0)
        return -1;
    listen_to(&program, stop, out, &complaint);
    close(program.out_fd);
    close(program.err_fd);
    while (waitpid(program.pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    while (complaint.len && complaint.data[complaint.len - 1] == '\n')
        buf_truncate(&complaint, complaint.len - 1);
    buf_set(error, "%s failed%s%s", argv[0], complaint.len ? ":\n" : "", complaint.data);
    return -1;
}
