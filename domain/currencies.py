"""Currencies by ISO 4217, and how many decimals their minor unit has: a cent, a fils, none.

The table is ours, not a library's: what an amount means to a published rule must not change with what is installed.
Source: ISO 4217 list one of 2026-01-01, with the codes withdrawn since 2023 (ANG, BGN, HRK, SLL, ZWL). Codes to which the
list gives no minor unit (metals, units of account, XXX) count in hundredths.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

_BY_DECIMALS: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
        CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR
        ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
        MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP
        STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XAG XAU XBA XBB XBC XBD XCD XCG
        XDR XPD XPT XSU XTS XUA XXX YER ZAR ZMW ZWG ZWL
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

DECIMALS: Mapping[str, int] = {code: decimals for decimals, codes in _BY_DECIMALS.items() for code in codes.split()}
"""Code -> decimals of its minor unit: EUR 2, JPY 0, KWD 3."""

USUAL = 2
"""Decimals of a currency that the table does not have, and of an amount of which no currency is named."""


def minor_units(amount: Decimal, currency: str | None) -> Decimal:
    """The amount in minor units of its currency; not whole if it is finer than they are."""
    return amount.scaleb(DECIMALS.get(currency or "", USUAL))


def hundredths(minor: int, currency: str | None) -> int | Fraction:
    """An amount in hundredths of its currency's unit, exactly: a fils is a tenth of one."""
    finer = DECIMALS.get(currency or "", USUAL) - USUAL
    return minor if not finer else minor * 10**-finer if finer < 0 else Fraction(minor, 10**finer)


def amount_text(minor: int, currency: str) -> str:
    """`15.00 EUR`, `1500 JPY`, `1.500 KWD`."""
    decimals = DECIMALS.get(currency, USUAL)
    return f"{Decimal(minor).scaleb(-decimals):.{decimals}f} {currency}"
