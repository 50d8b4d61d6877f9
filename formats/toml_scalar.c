/* TOML 1.0.0, "Integer" to "Local Time": numbers, booleans, dates and times. strtoll() and strtod() see only
 * digits that were checked here, as they take much that TOML does not (" 1", "0x1p3"). Dates stay text, in
 * one spelling: "T" between date and time, "Z" in upper case. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "formats/toml_private.h"

/* ---- numbers ---- */

static bool is_digit_of(int c, int base)
{
    int digit = c == SCAN_END ? -1 : text_hex_digit((char)c);

    return digit >= 0 && digit < base;
}

/* Digits with single "_" between them, appended without those. */
static int read_digits(struct toml_reader *reader, int base, struct buf *out)
{
    struct scan *scan = &reader->scan;

    do {
        if (!is_digit_of(scan_peek(scan), base))
            return toml_expected(reader, "a digit");
        while (is_digit_of(scan_peek(scan), base)) {
            buf_add_char(out, (char)scan_peek(scan));
            scan->at++;
        }
    } while (scan_take(scan, "_"));
    return 0;
}

/* The specification: "If an integer cannot be represented losslessly, an error must be thrown." */
static json_t *make_integer(struct toml_reader *reader, const char *digits, int base)
{
    errno = 0;
    long long number = strtoll(digits, NULL, base);
    if (!errno)
        return json_integer(number);
    toml_fault(reader, "this integer needs more than 64 bits");
    return NULL;
}

/* An overflow is an error here, as jansson has no infinity; tomllib makes "inf" of it. An underflow becomes
 * 0. */
static json_t *make_float(struct toml_reader *reader, const char *digits)
{
    double number = strtod(digits, NULL);

    if (isfinite(number))
        return json_real(number);
    toml_fault(reader, "this number is out of range");
    return NULL;
}

/* After 0x, 0o or 0b. No sign is allowed with these. */
static json_t *read_prefixed(struct toml_reader *reader, int base)
{
    struct buf CLEANUP_BUF digits = BUF_INIT;

    return read_digits(reader, base, &digits) < 0 ? NULL : make_integer(reader, digits.data, base);
}

static json_t *read_decimal(struct toml_reader *reader, const char *sign)
{
    struct buf CLEANUP_BUF digits = BUF_INIT;
    struct scan *scan = &reader->scan;
    size_t start = scan->at;
    bool real = false;

    buf_add_text(&digits, sign);
    if (read_digits(reader, 10, &digits) < 0)
        return NULL;
    if (scan->text[start] == '0' && scan->at - start > 1) {
        scan->at = start;
        toml_expected(reader, "a number without leading zeros");
        return NULL;
    }
    if (scan_take(scan, ".")) {
        real = true;
        buf_add_char(&digits, '.');
        if (read_digits(reader, 10, &digits) < 0)
            return NULL;
    }
    /* An exponent may have leading zeros, and makes a float of an integer. */
    if (scan_take_any_case(scan, "e")) {
        real = true;
        buf_add_text(&digits, scan_take(scan, "-") ? "e-" : "e");
        if (digits.data[digits.len - 1] == 'e')
            scan_take(scan, "+");
        if (read_digits(reader, 10, &digits) < 0)
            return NULL;
    }
    return real ? make_float(reader, digits.data) : make_integer(reader, digits.data, 10);
}

static json_t *read_toml_number(struct toml_reader *reader)
{
    struct scan *scan = &reader->scan;
    bool minus = scan_take(scan, "-");
    bool sign = minus || scan_take(scan, "+");

    /* JSON has neither: jansson would refuse json_real() of them. */
    if (scan_take_word(scan, "inf"))
        return json_string(minus ? "-inf" : "inf");
    if (scan_take_word(scan, "nan"))
        return json_string("nan");
    if (!scan_digit(scan)) {
        toml_expected(reader,
                      sign ? "a number after the sign"
                           : "a value: a string in quotes, a number, true, false, a date, \"[\" or \"{\"");
        return NULL;
    }
    if (!sign && scan_take(scan, "0x"))
        return read_prefixed(reader, 16);
    if (!sign && scan_take(scan, "0o"))
        return read_prefixed(reader, 8);
    if (!sign && scan_take(scan, "0b"))
        return read_prefixed(reader, 2);
    return read_decimal(reader, minus ? "-" : "");
}

/* ---- dates and times ---- */

/* A number of exactly `digits` digits, from `least` to `most`; appended as it is written. */
static int read_time_field(struct toml_reader *reader, size_t digits, unsigned least, unsigned most,
                           struct buf *out)
{
    struct scan *scan = &reader->scan;
    size_t start = scan->at;
    unsigned number = 0;

    while (scan->at - start < digits && scan_digit(scan))
        number = number * 10 + (unsigned)(scan->text[scan->at++] - '0');
    if (scan->at - start < digits || number < least || number > most) {
        scan->at = start;
        return toml_expected(reader, "a number of %zu digits from %u to %u", digits, least, most);
    }
    buf_add(out, scan->text + start, digits);
    return (int)number;
}

static int read_separator(struct toml_reader *reader, const char *separator, struct buf *out)
{
    if (!scan_take(&reader->scan, separator))
        return toml_expected(reader, "\"%s\" of a date or time", separator);
    buf_add_text(out, separator);
    return 0;
}

static unsigned days_of(unsigned year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap);
}

static int read_date(struct toml_reader *reader, struct buf *out)
{
    int year;
    int month;

    if ((year = read_time_field(reader, 4, 0, 9999, out)) < 0 || read_separator(reader, "-", out) < 0 ||
        (month = read_time_field(reader, 2, 1, 12, out)) < 0 || read_separator(reader, "-", out) < 0)
        return -1;
    return read_time_field(reader, 2, 1, days_of((unsigned)year, (unsigned)month), out);
}

static int read_time(struct toml_reader *reader, struct buf *out)
{
    struct scan *scan = &reader->scan;

    /* Seconds are required, and 60 is refused: RFC 3339 has leap seconds, but Python's datetime does not. */
    if (read_time_field(reader, 2, 0, 23, out) < 0 || read_separator(reader, ":", out) < 0 ||
        read_time_field(reader, 2, 0, 59, out) < 0 || read_separator(reader, ":", out) < 0 ||
        read_time_field(reader, 2, 0, 59, out) < 0)
        return -1;
    if (!scan_take(scan, "."))
        return 0;
    if (!scan_digit(scan))
        return toml_expected(reader, "a digit");
    for (buf_add_char(out, '.'); scan_digit(scan); scan->at++)
        buf_add_char(out, (char)scan_peek(scan));
    return 0;
}

/* Only after a date with a time; it may be left out. */
static int read_zone(struct toml_reader *reader, struct buf *out)
{
    int c = scan_peek(&reader->scan);

    if (scan_take_any_case(&reader->scan, "z")) {
        buf_add_char(out, 'Z');
        return 0;
    }
    if (c != '+' && c != '-')
        return 0;
    reader->scan.at++;
    buf_add_char(out, (char)c);
    if (read_time_field(reader, 2, 0, 23, out) < 0 || read_separator(reader, ":", out) < 0)
        return -1;
    return read_time_field(reader, 2, 0, 59, out);
}

/* Between date and time is a T or one space. A space may also come before a comment, and then ends the
 * date. */
static bool take_time_mark(struct toml_reader *reader)
{
    struct scan *scan = &reader->scan;

    if (scan_take_any_case(scan, "t"))
        return true;
    if (!scan_take(scan, " "))
        return false;
    if (scan_digit(scan))
        return true;
    scan->at--;
    return false;
}

static json_t *read_date_time(struct toml_reader *reader, bool date)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    bool time = !date;

    if (date) {
        if (read_date(reader, &out) < 0)
            return NULL;
        time = take_time_mark(reader);
        buf_add_text(&out, time ? "T" : "");
    }
    if (time && read_time(reader, &out) < 0)
        return NULL;
    if (time && date && read_zone(reader, &out) < 0)
        return NULL;
    return json_stringn_nocheck(out.data, out.len);
}

/* ---- telling them apart ---- */

static size_t digits_ahead(const struct scan *scan)
{
    struct scan ahead = *scan;

    while (scan_digit(&ahead))
        ahead.at++;
    return ahead.at - scan->at;
}

/* A date or a time is told from a number by its first digits and what follows them: "1979-", "07:". */
static json_t *read_unchecked(struct toml_reader *reader)
{
    struct scan *scan = &reader->scan;
    size_t digits = digits_ahead(scan);
    char after = scan->at + digits < scan->len ? scan->text[scan->at + digits] : '\0';

    if (scan_take_word(scan, "true"))
        return json_true();
    if (scan_take_word(scan, "false"))
        return json_false();
    if ((digits == 4 && after == '-') || (digits == 2 && after == ':'))
        return read_date_time(reader, digits == 4);
    return read_toml_number(reader);
}

/* A number that is glued to more ("1.2.3", "12:30", "0x1G") is an error here, where it can be named, and not
 * one about the end of the line. */
json_t *toml_read_scalar(struct toml_reader *reader)
{
    json_t *value = read_unchecked(reader);
    int after = scan_peek(&reader->scan);

    if (value && (scan_alnum(&reader->scan) || (after > 0 && strchr("_.+-:", after)))) {
        toml_expected(reader, "the end of a number, date or time");
        json_decref(value);
        return NULL;
    }
    return value;
}
