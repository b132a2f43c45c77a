/* SPDX-License-Identifier: Apache-2.0
 *
 * SiFive FE310-G000 and -G002: clock, UART0 on GPIO 16 (receive) and 17 (send), reset. Registers as
 * in SiFive's FE310-G002 manual: PRCI, SPI, GPIO, UART, always-on block.
 */
#include "config.h"
#include "port.h"

#define HFROSCCFG REG32(0x10008000u) /* PRCI: ring oscillator, crystal, PLL */
#define HFXOSCCFG REG32(0x10008004u)
#define PLLCFG REG32(0x10008008u)
#define PLLOUTDIV REG32(0x1000800Cu)
#define ENABLE (1u << 30)
#define STEADY (1u << 31)            /* an oscillator is ready, the PLL locked */
#define ROSC_14_MHZ (4u | 16u << 16) /* roughly: a fifth of its 72 MHz, which few parts have */
#define PLL_SELECT (1u << 16)        /* run on the PLL's output, or what bypasses it */
#define PLL_OF_CRYSTAL (1u << 17)
#define PLL_BYPASS (1u << 18)
#define DIVIDE_BY_1 (1u << 8)

/* The crystal's 16 MHz by 2, times 2 (f + 1), by 2: 8 MHz and its multiples. */
#define PLL_STEP_HZ 8000000u
#define PLL_F (EI_CORE_HZ / PLL_STEP_HZ - 1u)
#define PLL_FACTORS (1u | PLL_F << 4 | 1u << 10)
#if EI_CORE_HZ % PLL_STEP_HZ || EI_CORE_HZ < 192000000u || EI_CORE_HZ > 384000000u
#error "The PLL makes multiples of 8 MHz, from 192 to 384 MHz."
#endif

/* Of the flash that code runs from: read command 03 is good for 50 MHz. */
#define SCKDIV REG32(0x10014000u)
#define FLASH_HZ 50000000u
#define FLASH_DIVISOR ((EI_CORE_HZ + 2u * FLASH_HZ - 1u) / (2u * FLASH_HZ) - 1u)

#define GPIO_IOF_EN REG32(0x10012038u)
#define GPIO_IOF_SEL REG32(0x1001203Cu)
#define PINS (3u << 16)

#define TXDATA REG32(EI_UART_BASE + 0x00u)
#define RXDATA REG32(EI_UART_BASE + 0x04u)
#define TXCTRL REG32(EI_UART_BASE + 0x08u)
#define RXCTRL REG32(EI_UART_BASE + 0x0Cu)
#define IE REG32(EI_UART_BASE + 0x10u)
#define IP REG32(EI_UART_BASE + 0x14u)
#define DIV REG32(EI_UART_BASE + 0x18u)

#define FULL (1u << 31) /* of TXDATA */
#define RECEIVED 2u     /* of IP and IE: more bytes than RXCTRL says, none */

/* Each write of the watchdog's registers needs the key before it. */
#define WDOGCFG REG32(0x10000000u)
#define WDOGKEY REG32(0x1000001Cu)
#define WDOGCMP REG32(0x10000020u)
#define KEY 0x0051F15Eu
#define WDOG_RESETS (1u << 8)
#define WDOG_RUNS (1u << 12)

static void pause(uint32_t ticks) {
  const uint64_t begin = timer_ticks();
  while (timer_ticks() - begin < ticks) {
  }
}

/* From whatever clock a boot loader or the last start has left: the PLL is only touched while the
 * ring oscillator is used, and the flash slowed down before the core gets faster. */
static void clock_init(void) {
  HFROSCCFG = ROSC_14_MHZ | ENABLE;
  while (!(HFROSCCFG & STEADY)) {
  }
  PLLCFG &= ~PLL_SELECT;
  HFXOSCCFG = ENABLE;
  while (!(HFXOSCCFG & STEADY)) {
  }
  SCKDIV = FLASH_DIVISOR;
  PLLOUTDIV = DIVIDE_BY_1;
  PLLCFG = PLL_OF_CRYSTAL | PLL_BYPASS | PLL_FACTORS;
  PLLCFG = PLL_OF_CRYSTAL | PLL_FACTORS;
  pause(3000); /* what says that it is locked is right after 100 us, at 30 MHz or less */
  while (!(PLLCFG & STEADY)) {
  }
  PLLCFG = PLL_OF_CRYSTAL | PLL_FACTORS | PLL_SELECT;
}

void uart_init(void) {
  clock_init();
  GPIO_IOF_SEL &= ~PINS;
  GPIO_IOF_EN |= PINS;
  DIV = (EI_CORE_HZ + EI_BAUD / 2u) / EI_BAUD - 1u;
  TXCTRL = 1u;
  RXCTRL = 1u;
  IE = RECEIVED;
}

void port_putc(uint8_t c) {
  while (TXDATA & FULL) {
  }
  TXDATA = c;
}

int uart_has(void) { return (IP & RECEIVED) != 0; }

uint8_t uart_take(void) { return (uint8_t)RXDATA; }

/* By the watchdog, in two ticks of its 32 kHz. Older emulators have none. */
void port_reset(void) {
  pause(EI_CLOCK_HZ / 1000u); /* the UART still has up to 9 bytes to send */
  WDOGKEY = KEY;
  WDOGCMP = 1u;
  WDOGKEY = KEY;
  WDOGCFG = WDOG_RESETS | WDOG_RUNS;
  pause(EI_CLOCK_HZ / 1000u);
}
