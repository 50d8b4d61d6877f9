/* The platforms whose wheels a machine can run: manylinux of PEP 600 with its older names of PEP 513, 571 and
 * 599, musllinux of PEP 656, macOS, and the meaning of pip's `--platform`. Lists and their order are those
 * of Python's `packaging.tags` 23.0 and of pip.
 *
 * All append to `out`, best first, each once. Numbers of versions are 0..PLATFORM_NUMBER_MAX: -1 if one is
 * not, and nothing is appended. */
#ifndef FORMATS_PYTHON_WHEEL_PLATFORM_H
#define FORMATS_PYTHON_WHEEL_PLATFORM_H

struct word_list;

#define PLATFORM_NUMBER_MAX 99

/* A Linux with glibc major.minor. arch: "x86_64", "aarch64", ...; one without manylinux has only
 * "linux_<arch>". "armv7l" means one with hard floats. */
int wheel_platforms_glibc(int major, int minor, const char *arch, struct word_list *out);
/* A Linux with musl, such as Alpine. */
int wheel_platforms_musl(int major, int minor, const char *arch, struct word_list *out);
/* macOS. arch: "x86_64", "arm64", or one of the old ones. */
int wheel_platforms_macos(int major, int minor, const char *arch, struct word_list *out);
/* The platforms that pip takes for `--platform name`: macosx_M_m_arch takes older ones, too, manylinux2014
 * and 2010 take the older names; all others ("win_amd64", "manylinux_2_28_x86_64", "linux_x86_64") mean
 * themselves alone. A name that is in the list already adds nothing. */
int wheel_platforms_pip(const char *name, struct word_list *out);

#endif
