/* One line a message on standard error: time, level, text. An error is logged once, where it is handled.
 * Control characters in the text (they may come from a peer) are printed as '?'. Safe from any thread. Never
 * call it while holding a table lock. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Messages above this level are dropped. Default LOG_INFO. */
void log_set_level(enum log_level level);

#define log_error(...) log_message(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_message(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_DEBUG, __VA_ARGS__)

void log_message(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
