/* SPDX-License-Identifier: Apache-2.0
 *
 * What port_sifive.c touches of an FE310, as SiFive's manual has it, and what it must not do: change
 * the PLL that it runs on, use it before it is steady, read flash faster than 50 MHz, write the
 * watchdog's registers without the key. Registers are objects here, so that each access is seen.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct Register {
  uint32_t address;
  operator uint32_t() const;
  void operator=(uint32_t value) const;
  void operator|=(uint32_t bits) const { *this = *this | bits; }
  void operator&=(uint32_t bits) const { *this = *this & bits; }
};

#define PORT_H /* instead of port.h */
#define REG32(address) (Register{address})
uint64_t timer_ticks(void);
#include "port_sifive.c"

enum { HFROSC = 0x10008000, HFXOSC = 0x10008004, PLL = 0x10008008, OUTDIV = 0x1000800C };
enum { SCK = 0x10014000, WATCHDOG = 0x10000000, WDOG_KEY = 0x1000001C, WDOG_CMP = 0x10000020 };
static const uint32_t ON = 1u << 30, READY = 1u << 31, SELECT = 1u << 16, BYPASS = 1u << 18;

static double ring_hz, now, unlocked_at, watchdog_at, reset_at; /* seconds */
static uint32_t ring, crystal, pll, outdiv, sck, watchdog, limit, key, gpio_en, gpio_sel;
static uint32_t uart[7];

static void require(bool right, const char *what) {
  if (right) return;
  printf("%s\n", what);
  exit(1);
}

static double pll_hz(uint32_t cfg) {
  const double in = cfg & 1u << 17 ? 16e6 : ring_hz;
  if (cfg & BYPASS) return in;
  const double compared = in / ((cfg & 7u) + 1u), vco = compared * 2 * ((cfg >> 4 & 63u) + 1u);
  require(compared >= 6e6 && compared <= 12e6, "the PLL compares at 6 to 12 MHz");
  require(vco >= 384e6 && vco <= 768e6, "the PLL's oscillator has 384 to 768 MHz");
  return vco / (1u << (cfg >> 10 & 3u));
}

static double core_hz(void) { return pll & SELECT ? pll_hz(pll) : ring_hz; }

static void advance(double cycles) {
  now += cycles / core_hz();
  if (watchdog_at && now >= watchdog_at && !reset_at) reset_at = now;
  require(core_hz() / (2 * (sck + 1u)) <= 50e6, "flash is read faster than 50 MHz");
}

uint64_t timer_ticks(void) {
  static double ticks, last;
  ticks += (now - last) * core_hz();
  last = now;
  advance(8);
  return (uint64_t)ticks;
}

static uint32_t *place(uint32_t address) {
  switch (address) {
    case HFROSC: return &ring;
    case HFXOSC: return &crystal;
    case PLL: return &pll;
    case OUTDIV: return &outdiv;
    case SCK: return &sck;
    case WATCHDOG: return &watchdog;
    case WDOG_KEY: return &key;
    case WDOG_CMP: return &limit;
    case 0x10012038: return &gpio_en;
    case 0x1001203C: return &gpio_sel;
  }
  require(address >= 0x10013000 && address < 0x1001301C, "an address where no register is");
  return &uart[(address - 0x10013000) / 4];
}

Register::operator uint32_t() const {
  advance(4);
  const uint32_t value = *place(address);
  /* The PLL's lock may be seen too early. */
  if (address == HFROSC || address == HFXOSC) return value | (value & ON ? READY : 0);
  return address == PLL ? value | READY : value;
}

static void write_pll(uint32_t value) {
  const uint32_t changed = (pll ^ value) & ~READY;
  if (changed & SELECT)
    require(changed == SELECT, "the PLL changes while it is selected");
  else
    require(!(pll & SELECT) || !changed, "the PLL that the core runs on changes");
  require(value & BYPASS || !(changed & ~(SELECT | BYPASS)), "it changes without a bypass");
  if (pll & BYPASS && !(value & BYPASS)) unlocked_at = now;
  if (value & SELECT && changed) {
    require(crystal & ON, "there is no crystal");
    require(value & BYPASS || now - unlocked_at >= 100e-6, "the PLL is used before it is steady");
    require(outdiv == 1u << 8, "the output is divided");
  }
  if (!(value & SELECT)) require(ring & ON, "no clock is left");
  pll = value & ~READY;
}

void Register::operator=(uint32_t value) const {
  advance(4);
  const bool watched = address == WATCHDOG || address == WDOG_CMP;
  require(!watched || key == 0x51F15E, "the watchdog's registers need the key");
  if (address == HFROSC) require(pll & SELECT || value & ON, "the clock in use goes off");
  if (address == PLL)
    write_pll(value);
  else
    *place(address) = value;
  if (watched) key = 0;
  if (address == WATCHDOG && value & 1u << 8 && value & 1u << 12)
    watchdog_at = now + (limit + 1u) / 32768.0;
}

static void start(void) {
  uart_init();
  const double core = core_hz(), baud = core / (uart[6] + 1u);
  require(core == EI_CORE_HZ, "the core has another clock than was said");
  require(baud > 0.99 * EI_BAUD && baud < 1.01 * EI_BAUD, "the UART has another rate");
  require(gpio_en >> 16 == 3u && gpio_sel == 0, "GPIO 16 and 17 are not the UART's");
  require(uart[2] & 1u && uart[3] & 1u && uart[4] == 2u, "the UART is not on");
  printf("%.0f Hz, flash at %.0f Hz, %.0f baud\n", core, core / (2 * (sck + 1u)), baud);
}

int main(int count, char **words) {
  require(count == 3, "usage: chip HZ_OF_RING_OSCILLATOR PLLCFG");
  ring_hz = atof(words[1]);
  pll = (uint32_t)strtoul(words[2], 0, 0);
  ring = pll & SELECT ? 0 : ON | 16u << 16 | 4u;
  crystal = ON;
  while (core_hz() / (2 * (sck + 1u)) > 50e6) sck++;
  start();
  start(); /* as after a jump to the beginning */
  const double begin = now;
  port_reset();
  require(reset_at > 0, "no reset came");
  require(reset_at - begin > 9 * 10.0 / EI_BAUD, "what was to be sent is lost");
  printf("reset\n");
  return 0;
}
