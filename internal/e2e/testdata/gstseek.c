// Plays stretches of a pipeline, each to its end, with a seek to where it begins, which gst-launch cannot. What its sinks, video and audio,
// get is told on standard output, as gst-launch -v does. The declarations are those of GStreamer 1 and GLib 2, whose headers need not be there.
//
//     gstseek PIPELINE FROM TO ...
//
// FROM and TO are seconds; a TO of 0 is the end.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void *handle; // of an object or a structure of theirs
enum { PAUSED = 3, PLAYING = 4, EOS = 1 << 0, ERROR = 1 << 1, ASYNC_DONE = 1 << 21, TIME = 3, FLUSH_ACCURATE = 1 << 0 | 1 << 1, NONE = 0, SET = 1 };
#define SECOND 1000000000ll

void gst_init(int *argc, char ***argv);
handle gst_parse_launch(const char *description, handle *error);
handle gst_bin_get_by_name(handle bin, const char *name);
handle gst_element_get_bus(handle element);
int gst_element_set_state(handle element, int state);
int gst_element_seek(handle element, double rate, int format, int flags, int start_type, int64_t start, int stop_type, int64_t stop);
handle gst_bus_timed_pop_filtered(handle bus, uint64_t timeout, int types);
handle gst_message_get_structure(handle message);
char *gst_structure_to_string(handle structure);
unsigned long g_signal_connect_data(handle instance, const char *signal, void (*callback)(void), handle data, handle destroy, int flags);
void g_object_get(handle object, const char *property, ...);
void g_free(handle memory);

static void told(handle sink) {
  char *message = NULL;
  g_object_get(sink, "last-message", &message, NULL);
  if (message != NULL) printf("%s\n", message);
  g_free(message);
}

static void listen(handle pipeline, const char *name) {
  handle sink = gst_bin_get_by_name(pipeline, name);
  if (sink != NULL) g_signal_connect_data(sink, "notify::last-message", (void (*)(void))told, NULL, NULL, 0);
}

// Waits for a message; any error ends the program.
static void await(handle pipeline, int type, const char *what) {
  handle message = gst_bus_timed_pop_filtered(gst_element_get_bus(pipeline), 60 * SECOND, type | ERROR);
  handle said = message != NULL ? gst_message_get_structure(message) : NULL;
  char *why = said != NULL ? gst_structure_to_string(said) : "";
  if (message != NULL && strncmp(why, "GstMessageError", 15) != 0) return;
  fprintf(stderr, "%s: %s\n", what, message == NULL ? "not within a minute" : why);
  exit(1);
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  handle pipeline = argc > 2 ? gst_parse_launch(argv[1], NULL) : NULL;
  if (pipeline == NULL) return fprintf(stderr, "usage: gstseek PIPELINE FROM TO ...\n"), 1;
  listen(pipeline, "video");
  listen(pipeline, "audio");
  gst_element_set_state(pipeline, PAUSED);
  await(pipeline, ASYNC_DONE, "first pictures and sound");
  gst_element_set_state(pipeline, PLAYING);
  for (int i = 2; i + 1 < argc; i += 2) {
    int64_t from = atof(argv[i]) * SECOND, to = atof(argv[i + 1]) * SECOND;
    if (!gst_element_seek(pipeline, 1, TIME, FLUSH_ACCURATE, SET, from, to > 0 ? SET : NONE, to > 0 ? to : -1)) return fprintf(stderr, "it does not seek\n"), 1;
    await(pipeline, EOS, "the end");
    printf("end\n");
  }
  return 0;
}
