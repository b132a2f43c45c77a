/* SPDX-License-Identifier: Apache-2.0
 * As much of Arduino's interface as the firmware may use, for any C++ compiler. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>

struct SerialLine {
  void begin(unsigned long baud);
  operator bool();
  int available();
  int read();
  size_t write(const uint8_t *bytes, size_t n);
  void flush();
};
extern SerialLine Serial;

#if defined(ESP8266) || defined(ESP32)
struct Chip {
  void restart();
  uint32_t getCycleCount();
};
extern Chip ESP;
#endif

unsigned long micros();
extern "C" void yield(void);
void setup();
void loop();

#endif
