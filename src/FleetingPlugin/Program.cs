// The only wiring of the product (docs/ARCHITECTURE.md).
return 1;
