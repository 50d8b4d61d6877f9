/* Calls that this code does not use, as compile errors. Every .c file gets this header by -include. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef atoi
#undef atol
#undef gets
#define strcpy(a, b) banned_use_buf_instead_of_strcpy
#define strcat(a, b) banned_use_buf_instead_of_strcat
#define strncpy(a, b, n) banned_use_buf_instead_of_strncpy
#define strncat(a, b, n) banned_use_buf_instead_of_strncat
#define sprintf(...) banned_use_buf_or_snprintf_instead_of_sprintf
#define vsprintf(...) banned_use_buf_or_vsnprintf_instead_of_vsprintf
#define strtok(a, b) banned_use_strtok_r_or_a_scanner
#define atoi(a) banned_use_text_parse_uint
#define atol(a) banned_use_text_parse_uint
#define gets(a) banned_use_getline

#endif
