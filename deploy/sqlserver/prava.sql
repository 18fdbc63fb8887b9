-- Práva portálu pro strategii "ledger": smí spouštět dvě procedury a nic jiného.
--
-- Spouští správce databáze po podani.sql; spustit znovu neškodí. Přihlášení (login) a jeho uživatele
-- v databázi založí správce sám a přidá ho do role:
--     CREATE LOGIN portal WITH PASSWORD = N'…', CHECK_POLICY = ON;
--     CREATE USER portal FOR LOGIN portal;
--     ALTER ROLE insyz_portal ADD MEMBER portal;
--
-- Na trasy.ZP_Zapis_XML právo netřeba: volá ji procedura téhož vlastníka (řetězení vlastnictví).

IF DATABASE_PRINCIPAL_ID(N'insyz_portal') IS NULL
    CREATE ROLE insyz_portal;
GO
GRANT EXECUTE ON OBJECT::trasy.ZP_Podani_Zapis TO insyz_portal;
GRANT EXECUTE ON OBJECT::trasy.ZP_Podani_Stav TO insyz_portal;
GO
