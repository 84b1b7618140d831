/* The interpreter of the one file: CPython that runs the zip archive behind itself.

   Where no archive is behind it, it is an ordinary Python whose standard library PYTHONHOME
   names; the build compiles the application with that. */

#include <Python.h>

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

PyMODINIT_FUNC PyInit__psutil_linux(void);

static const wchar_t entry[] =
    L"import sys\n"
    L"from serialpass_tui.cli import main\n"
    L"sys.exit(main())\n";

/* musl gives a thread 128 KiB of stack, which Python's recursion limit does not know of. */
enum { THREAD_STACK = 2 << 20 };

static void find_self(char *self, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", self, size - 1);
    if (length > 0) {
        self[length] = '\0';
        return;
    }
    /* Without /proc the kernel's note of what was executed is left. */
    const char *name = (const char *)getauxval(AT_EXECFN);
    if (name == NULL || realpath(name, self) == NULL) {
        fputs("serialpass-tui cannot find its own file: mount /proc.\n", stderr);
        exit(5);
    }
}

/* Whether the file ends as a zip archive without a comment does. */
static int has_archive(const char *self)
{
    char end[22];
    FILE *file = fopen(self, "rb");
    int found = file != NULL && fseek(file, -(long)sizeof end, SEEK_END) == 0
                && fread(end, sizeof end, 1, file) == 1 && memcmp(end, "PK\5\6", 4) == 0;
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static void must(PyStatus status)
{
    if (PyStatus_Exception(status)) {
        Py_ExitStatusException(status);
    }
}

int main(int argc, char **argv)
{
    char self[PATH_MAX];
    pthread_attr_t attributes;

    find_self(self, sizeof self);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    pthread_setattr_default_np(&attributes);
    if (PyImport_AppendInittab("psutil._psutil_linux", PyInit__psutil_linux) != 0) {
        return 1;
    }
    if (!has_archive(self)) {
        return Py_BytesMain(argc, argv);
    }

    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1; /* as Python does by itself where LANG is C, and dom0's is C or UTF-8 */
    must(Py_PreInitialize(&before));

    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.write_bytecode = 0;
    config.install_signal_handlers = 1; /* Ctrl-C is KeyboardInterrupt, a closed pipe no death */
    config.parse_argv = 0;
    argv[0] = self; /* what a boot shall start later is found from anywhere */
    must(PyConfig_SetBytesArgv(&config, argc, argv));
    must(PyConfig_SetBytesString(&config, &config.executable, self));
    must(PyConfig_SetBytesString(&config, &config.base_executable, self));
    must(PyConfig_SetBytesString(&config, &config.prefix, self));
    must(PyConfig_SetBytesString(&config, &config.exec_prefix, self));
    must(PyConfig_SetBytesString(&config, &config.base_prefix, self));
    must(PyConfig_SetBytesString(&config, &config.base_exec_prefix, self));
    must(PyConfig_SetBytesString(&config, &config.stdlib_dir, self));
    must(PyConfig_SetString(&config, &config.run_command, entry));
    config.module_search_paths_set = 1;
    must(PyWideStringList_Append(&config.module_search_paths, config.executable));
    must(Py_InitializeFromConfig(&config));
    PyConfig_Clear(&config);
    return Py_RunMain();
}
